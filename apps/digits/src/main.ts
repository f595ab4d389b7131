console.log("digits: nothing to train yet");
