/** The global setup of vitest: tests on machines without a graphics card run on SwiftShader. */
export { useSwiftShader as default } from "../../../tools/bench/src/peers/swiftshader.ts";
