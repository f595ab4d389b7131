import { library } from "../../tsup.base.ts";

// Besides the program, one file for each process it starts.
const peers = ["jax-js", "onnxruntime", "sconce", "tfjs", "wasm-peak", "webgpu-peak"];

export default library("src/main.ts", ...peers.map((name) => `src/peers/${name}.ts`));
