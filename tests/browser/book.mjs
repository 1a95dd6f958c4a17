// Looks at the built documentation in a real browser: `node book.mjs TOOLS CHROMIUM SITE WORD PAGE...`. TOOLS is a folder whose
// node_modules has playwright-core and axe-core. Searches the site for WORD, then looks at each PAGE. Ends with a JSON object: what the
// search found, and what went wrong.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [tools, executablePath, site, word, ...pages] = process.argv.slice(2);
const require = createRequire(join(tools, "node_modules", "x.js"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const quiet = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];
const browser = await chromium.launch({ executablePath, args: quiet });
const base = pathToFileURL(site).href;

const looks = {
  wide: { viewport: { width: 1280, height: 900 } },
  dark: { viewport: { width: 1280, height: 900 }, colorScheme: "dark" },
  phone: { viewport: { width: 390, height: 844 } },
};
const told = { complaints: [], violations: [], wider: [], found: [], arrived: "" };

const watched = async (context, url) => {
  // A machine that does much else may take its time.
  context.setDefaultTimeout(300_000);
  const page = await context.newPage();
  page.on("console", (message) => { if (message.type() === "error") told.complaints.push(`console: ${message.text()}`); });
  page.on("pageerror", (error) => told.complaints.push(`error: ${error.message}`));
  page.on("request", (request) => { if (!request.url().startsWith(base)) told.complaints.push(`asked for ${request.url()}`); });
  await page.goto(url);
  return page;
};

for (const [look, options] of Object.entries(looks)) {
  const context = await browser.newContext(options);
  // How it looks in the dark and on a phone, the first of them tell.
  for (const path of look === "wide" ? pages : pages.slice(0, 2)) {
    const page = await watched(context, `${base}/${path}`);
    if (await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)) told.wider.push(`${look}: ${path}`);
    await page.addScriptTag({ content: axe });
    const result = await page.evaluate(() => axe.run({ preload: false, resultTypes: ["violations"] }));
    for (const one of result.violations) {
      told.violations.push(`${look}: ${path}: ${one.id}, ${one.nodes.length} times, ${one.nodes[0].html.slice(0, 200)}: ${one.nodes[0].failureSummary.slice(0,300)}`);
    }
    await page.close();
  }
  await context.close();
}

// By keyboard alone, as somebody who looks for a word would do it: open the search, type, go to the first hit.
const context = await browser.newContext(looks.wide);
const page = await watched(context, `${base}/index.html`);
await page.keyboard.press("s");
await page.locator("#mdbook-searchbar").waitFor();
await page.keyboard.type(word);
await page.locator("#mdbook-searchresults li a").first().waitFor();
told.found = await page.locator("#mdbook-searchresults li a").evaluateAll((links) => links.map((link) => link.getAttribute("href")));
await page.locator("#mdbook-searchresults li a").first().click();
await page.waitForLoadState();
told.arrived = await page.locator("main h1").first().textContent();
console.log(JSON.stringify(told));
await browser.close();
