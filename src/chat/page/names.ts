const NAMES = ["Alice", "Bob", "Carol", "Dave", "Erin", "Frank", "Grace", "Heidi"];

/** Whoever sits at a window with this number, from 1. */
export function nameOf(window: number): string {
  return NAMES[window - 1] ?? `Guest ${window}`;
}
