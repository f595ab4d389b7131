import { library } from "../../tsup.base.ts";

// Besides the program, one file for each process it starts.
export default library("src/main.ts", "src/peers/sconce.ts", "src/peers/tfjs.ts");
