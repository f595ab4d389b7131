import "@sconce/backend-cpu/register";
import { it } from "vitest";
import { openBackend, setSeed, profile } from "@sconce/core";
import { digitSets } from "/work/main/apps/digits/src/digit-sets.ts";
import { createModel } from "/work/main/apps/digits/src/model.ts";
import { train } from "/work/main/apps/digits/src/train.ts";
it("x", async () => {
await openBackend("cpu"); setSeed(Number(process.env.SEED ?? 0));
let t = performance.now(); let n = 0;
const r = await train(createModel(), digitSets(), { epochs: Number(process.env.EP ?? 2), batchSize: Number(process.env.BS ?? 32), learningRate: Number(process.env.LR ?? 0.005), seed: Number(process.env.SEED ?? 0) }, { listener: { step: ({steps}) => { if (++n <= 4 || n % 44 == 0) { console.log(n, ((performance.now() - t)/1).toFixed(0)); } }, epoch: (e) => console.log(JSON.stringify({ e: e.epoch, tr: e.training, te: { l: e.test.loss, a: e.test.accuracy } }), ((performance.now() - t) / 1000).toFixed(1)) } });
}, 600000);
