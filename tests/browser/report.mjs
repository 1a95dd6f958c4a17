// Looks at pages of `keyroll report --format html` in a real browser: `node report.mjs TOOLS CHROMIUM SHOTS PAGE...`. TOOLS is a folder
// whose node_modules has playwright-core and axe-core; with KEYROLL_SHOTS set, pictures and PDF go to the folder it names. Ends with a JSON object for each page
// on a line of its own: what it did, what it complained of.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";

const [tools, executablePath, , ...pages] = process.argv.slice(2);
// Nobody looks at pictures in a test.
const pictures = process.env.KEYROLL_SHOTS;
const require = createRequire(join(tools, "node_modules", "x.js"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const quiet = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];
const browser = await chromium.launch({ executablePath, args: quiet });

const looks = {
  wide: { viewport: { width: 1280, height: 900 } },
  dark: { viewport: { width: 1280, height: 900 }, colorScheme: "dark" },
  phone: { viewport: { width: 390, height: 844 } },
};

const watched = async (options, file, told) => {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.on("console", (message) => told.complaints.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => told.complaints.push(`error: ${error.message}`));
  page.on("dialog", (dialog) => { told.complaints.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on("request", (request) => { if (request.url() !== file) told.complaints.push(`asked for ${request.url()}`); });
  await page.goto(file);
  return [context, page];
};

for (const path of pages) {
  const file = pathToFileURL(path).href;
  const told = { page: basename(path), complaints: [], violations: [], wider: [] };
  for (const [look, options] of Object.entries(looks)) {
    const [context, page] = await watched(options, file, told);
    if (pictures) await page.screenshot({ path: join(pictures, `${basename(path)}-${look}.png`), fullPage: true });
    if (await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)) told.wider.push(look);
    await context.close();
    // Pages share one style: the checker sees the first in every look, and the others in the narrowest.
    if (path !== pages[0] && look !== "phone") continue;
    // The page's own policy keeps the checker out, so it is checked once more without.
    const [free, checked] = await watched({ ...options, bypassCSP: true }, file, told);
    const first = checked.locator("#table .open-button").first();
    if (await first.count()) await first.click();
    if (look === "phone" && await first.count()) {
      told.phone = await checked.evaluate(() => {
        const wide = (selector) => document.querySelector(selector).getBoundingClientRect().width / innerWidth;
        return [wide("#table tbody td:nth-child(2)"), wide("#table tr.part > td")];
      });
    }
    await checked.addScriptTag({ content: axe });
    const result = await checked.evaluate(() => axe.run({ resultTypes: ["violations"] }));
    for (const one of result.violations) told.violations.push(`${look}: ${one.id}, ${one.nodes.length} times, ${one.nodes[0].html.slice(0, 200)}`);
    await free.close();
  }
  const [context, page] = await watched(looks.wide, file, told);
  told.paint = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime);
  const rows = () => page.locator("#table tbody tr[id]").count();
  const said = () => page.locator("#shown").textContent();
  told.rows = await rows();
  told.said = await said();
  if (told.rows > 0) {
    // By keyboard alone: open a finding, close it.
    await page.locator("#table .open-button").first().focus();
    await page.keyboard.press("Enter");
    told.opened = await page.locator("#table tr.part").allTextContents();
    told.focused = await page.evaluate(() => document.activeElement.getAttribute("aria-expanded"));
    await page.keyboard.press("Enter");
    told.closed = await page.locator("#table tr.part").count();
    const id = await page.locator("#table tbody tr[id]").last().getAttribute("id");
    // A link to a finding that the filter hides shows it all the same.
    await page.locator("#q").fill("no finding has this in it");
    told.none = await said();
    await page.evaluate((id) => { location.hash = id; }, id);
    await page.waitForSelector(`#${id} + tr.part`);
    told.visited = await page.locator(`#${id} .open-button`).getAttribute("aria-expanded");
    await page.locator("#filters button[type=reset]").click();
    await page.waitForFunction((rows) => document.querySelectorAll("#table tbody tr[id]").length === rows, told.rows);
    for (const group of ["rule", "owner", "integration", "source"]) {
      await page.locator("#group").selectOption(group);
      await page.locator("#table tr.group button").first().click();
      told[group] = [await page.locator("#table tr.group").count(), await rows()];
    }
    await page.locator("#group").selectOption("");
    await page.locator("[data-sort=short]").click();
    told.sorted = await page.locator("#table tbody tr[id]").evaluateAll((rows) => rows.map((row) => row.id));
    await page.locator("[data-sort=severity]").click();
    // How long a keystroke in the search takes until the table stands.
    told.keystroke = await page.evaluate(() => {
      const input = document.getElementById("q");
      const times = [];
      for (const text of ["a", "ad", "ada", "adam", "", "token", "token 1"]) {
        const begin = performance.now();
        input.value = text;
        input.dispatchEvent(new Event("input", { bubbles: true }));
        document.body.getBoundingClientRect();
        times.push(performance.now() - begin);
      }
      return times.sort((a, b) => a - b)[3];
    });
    await page.locator("#q").fill("");
  }
  if (pictures) await page.pdf({ path: join(pictures, `${basename(path)}.pdf`), format: "A4" });
  told.text = await page.locator("body").innerText();
  await context.close();
  const unscripted = await browser.newContext({ ...looks.wide, javaScriptEnabled: false });
  const bare = await unscripted.newPage();
  await bare.goto(file);
  told.bare = await bare.locator("#findings").innerText();
  await unscripted.close();
  console.log(JSON.stringify(told));
}
await browser.close();
