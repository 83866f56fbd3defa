/** Evaluated in a page: its texts with a contrast below 4.5 to 1 (WCAG 2), on backgrounds that may be translucent. */
export const LOW_CONTRAST: string = `(() => {
  const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const over = (colours) => {
    for (const colour of ["#fff", ...colours]) {
      context.fillStyle = colour;
      context.fillRect(0, 0, 1, 1);
    }
    const linear = Array.from(context.getImageData(0, 0, 1, 1).data.slice(0, 3), (value) =>
      value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  };
  const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
  const low = [];
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!element.checkVisibility() || !walker.currentNode.data.trim() || element.closest("noscript")) continue;
    const backgrounds = [];
    for (let above = element; above; above = above.parentElement) backgrounds.unshift(getComputedStyle(above).backgroundColor);
    const style = getComputedStyle(element);
    const colour = element.namespaceURI.endsWith("svg") ? style.fill : style.color;
    const [text, ground] = [over([...backgrounds, colour]), over(backgrounds)];
    const ratio = (Math.max(text, ground) + 0.05) / (Math.min(text, ground) + 0.05);
    if (ratio < 4.5) low.push(walker.currentNode.data.trim() + " " + ratio.toFixed(2));
  }
  return low;
})()`;
