import { describe, expect, it } from "vitest";
import { content, integer, message } from "../src/peers/protobuf.ts";

function hex({ pieces }: ReturnType<typeof message>): string {
  return Buffer.concat(pieces).toString("hex");
}

describe("protobuf", () => {
  it("writes integers in groups of seven bits", () => {
    expect(hex(integer(1, 150))).toBe("089601");
    expect(hex(integer(20, 2 ** 31))).toBe("a0018080808008");
  });

  it("writes text and messages with their lengths", () => {
    expect(hex(content(2, "testing"))).toBe("120774657374696e67");
    expect(hex(content(3, message(integer(1, 150))))).toBe("1a03089601");
  });

  it("does not copy large arrays", () => {
    const large = new Uint8Array(1000);
    const { pieces, length } = message(content(9, large));
    expect(pieces).toContain(large);
    expect(length).toBe(1003);
  });
});
