import { assertEquals, assertMatch } from "@std/assert";
import { drawPicture, renderPicture } from "../../src/sandbox/picture.ts";
import { Terminal } from "../../src/sandbox/terminal.ts";

function terminal(colours: Terminal["colours"]): Terminal {
  return new Terminal(() => {}, { live: false, colours });
}

Deno.test("the picture is a PPM file of 100 KB", () => {
  const picture = drawPicture();
  assertEquals(picture.length, 102_255);
  assertEquals(new TextDecoder().decode(picture.subarray(0, 15)), "P6\n240 142\n255\n");
});

Deno.test("the picture is rendered with two pixels in each character", () => {
  const lines = renderPicture(drawPicture(), 40, terminal("all"));
  assertEquals(lines.length, 11);
  for (const line of lines) {
    assertEquals(line.split("▀").length - 1, 40);
    assertMatch(line, /38;2;\d+;\d+;\d+;48;2;\d+;\d+;\d+m▀/);
  }
  assertMatch(renderPicture(drawPicture(), 40, terminal("few"))[0]!, /38;5;\d+;48;5;\d+m▀/);
});

Deno.test("without colours nothing is rendered", () => {
  assertEquals(renderPicture(drawPicture(), 40, terminal("none")), []);
});
