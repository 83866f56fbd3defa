/// <reference lib="dom" />
import { signal } from "@preact/signals";
import { h, render, type VNode } from "preact";
import htm from "htm";

/** A part of a page, as a function that renders it returns it. */
export interface Markup {
  /** a component or the name of an element */
  readonly type: unknown;
  /** its attributes and children */
  readonly props: unknown;
}

/** A value that the page follows: whatever was rendered with it is rendered again when it changes. */
export interface Followed<T> {
  /** the current one */
  value: T;
}

/** A value that begins with this. */
export function followed<T>(value: T): Followed<T> {
  return signal(value);
}

/** Makes markup of a template literal. */
export type Template = (strings: TemplateStringsArray, ...values: unknown[]) => Markup;

type Bind = { bind(this: unknown, create: typeof h): Template };

/** Markup in a template literal. The types of htm take its default export for a namespace. */
export const html: Template = (htm as unknown as Bind).bind(h);

/** Shows markup as the whole content of an element. */
export function show(markup: Markup, element: Element): void {
  render(markup as VNode, element);
}
