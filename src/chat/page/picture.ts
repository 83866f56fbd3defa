/// <reference lib="dom" />
import type { Content } from "./letter.ts";

/** Pixels of the longer side: a picture is a few dozen packets. */
const LONGEST_SIDE = 640;
const QUALITY = 0.72;

/** A picture file, made small enough to send. Without the place and camera that a file may name. Undefined if it is not a picture. */
export async function preparePicture(file: Blob): Promise<Content | undefined> {
  let picture;
  try {
    picture = await createImageBitmap(file);
  } catch {
    return undefined;
  }
  const scale = Math.min(1, LONGEST_SIDE / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  canvas.getContext("2d")!.drawImage(picture, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
  return blob ? { kind: "picture", type: "image/jpeg", bytes: new Uint8Array(await blob.arrayBuffer()) } : undefined;
}
