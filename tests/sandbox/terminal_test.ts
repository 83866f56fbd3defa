import { assertEquals, assertMatch } from "@std/assert";
import { type Abilities, Terminal } from "../../src/sandbox/terminal.ts";

class Screen {
  text = "";
  readonly terminal: Terminal;

  constructor(abilities: Abilities) {
    this.terminal = new Terminal((text) => this.text += text, abilities);
  }
}

Deno.test("a terminal without colours or cursor movement gets plain lines", () => {
  const { terminal, ...screen } = new Screen({ live: false, colours: "none" });
  assertEquals(terminal.paint("text", "red", "bold"), "text");
  assertEquals(terminal.bar(0.5, 4, "green"), "━━──");
  assertEquals(screen.text, "");
});

Deno.test("where lines cannot be redrawn, only the last frame is printed", () => {
  const screen = new Screen({ live: false, colours: "none" });
  let state = "first";
  {
    using _picture = screen.terminal.animate(() => [state, "second line"]);
    state = "last";
  }
  assertEquals(screen.text, "last\nsecond line\n");
});

Deno.test("a live terminal redraws the lines of the previous frame, and shows its cursor at the end", () => {
  const screen = new Screen({ live: true, colours: "none" });
  let state = "first";
  {
    using _picture = screen.terminal.animate((frame) => [`${state} ${frame}`, "x"]);
    state = "last";
  }
  assertEquals(
    screen.text,
    "\x1b[?25l\r\x1b[2Kfirst 0\n\r\x1b[2Kx\n\x1b[2A\r\x1b[2Klast 1\n\r\x1b[2Kx\n\x1b[?25h",
  );
});

Deno.test("bars fill in steps of half a character and never exceed their width", () => {
  const { terminal } = new Screen({ live: true, colours: "none" });
  assertEquals([-1, 0, 0.3, 0.5, 1, 7].map((share) => terminal.bar(share, 5, "green")), [
    "─────",
    "─────",
    "━╸───",
    "━━╸──",
    "━━━━━",
    "━━━━━",
  ]);
});

Deno.test("colour is added where there is colour", () => {
  const { terminal } = new Screen({ live: false, colours: "few" });
  assertEquals(terminal.paint("text", "red", "bold"), "\x1b[31;1mtext\x1b[0m");
  // deno-lint-ignore no-control-regex -- it looks for the escape
  assertMatch(terminal.bar(0.5, 2, "green"), /^\x1b\[32m━\x1b\[0m\x1b\[2m─\x1b\[0m$/);
});
