// Looks at the pages of `keyroll serve` in a real browser: `node serve.mjs TOOLS CHROMIUM SHOTS URL TOKEN PATH...`. TOOLS is a folder whose
// node_modules has playwright-core and axe-core; with KEYROLL_SHOTS set, pictures go to the folder SHOTS. Signs in by keyboard alone, looks at each page in
// each look, and signs out again. Ends with a JSON object on a line of its own: what it did, what it complained of.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const [tools, executablePath, shots, url, token, ...paths] = process.argv.slice(2);
const require = createRequire(join(tools, "node_modules", "x.js"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const quiet = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];
const browser = await chromium.launch({ executablePath, args: quiet });
const told = { complaints: [], violations: [], wider: [], pages: 0, scripts: 0 };

const looks = {
  wide: { viewport: { width: 1280, height: 900 } },
  dark: { viewport: { width: 1280, height: 900 }, colorScheme: "dark" },
  phone: { viewport: { width: 400, height: 844 } },
};

const watch = (page) => {
  page.on("console", (message) => told.complaints.push(`console on ${page.url()}: ${message.text()}`));
  page.on("pageerror", (error) => told.complaints.push(`error on ${page.url()}: ${error.message}`));
  page.on("dialog", (dialog) => { told.complaints.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on("request", (request) => { if (!request.url().startsWith(url)) told.complaints.push(`asked for ${request.url()}`); });
  return page;
};

const check = async (page, what) => {
  await page.addScriptTag({ content: axe });
  const result = await page.evaluate(() => axe.run({ resultTypes: ["violations"] }));
  for (const one of result.violations) told.violations.push(`${what}: ${one.id}, ${one.nodes.length} times, ${one.nodes[0].html.slice(0, 200)}`);
};

// By keyboard alone: to the form, in, to a finding, back, out.
const context = await browser.newContext(looks.wide);
const page = watch(await context.newPage());
await page.goto(`${url}/t/keyroll/findings`);
told.asked = page.url();
const to = async (name) => {
  for (let at = 0; at < 60; at++) {
    await page.keyboard.press("Tab");
    const here = await page.evaluate(() => (document.activeElement.name || document.activeElement.textContent || "").trim());
    if (here.startsWith(name)) return true;
  }
  return false;
};
told.toToken = await to("token");
await page.keyboard.type(token);
await page.keyboard.press("Enter");
await page.waitForURL("**/t/keyroll/findings");
told.landed = page.url();
await page.keyboard.press("Tab");
told.skip = await page.evaluate(() => document.activeElement.textContent);
await page.keyboard.press("Enter");
told.toSearch = await to("q");
await page.keyboard.type("token");
await page.keyboard.press("Enter");
await page.waitForURL("**q=token**");
told.filtered = await page.locator("nav.pages p").first().textContent();
await page.locator("table.findings th a").first().focus();
await page.keyboard.press("Enter");
await page.waitForURL("**/findings/F-*");
told.opened = await page.locator("main").innerText();
const cookies = await context.cookies();
told.cookies = cookies.map((one) => [one.name, one.secure, one.httpOnly, one.sameSite, one.path, one.domain]);
told.readable = await page.evaluate(() => document.cookie).catch(() => "no script runs");

// Pages share one style: the checker sees the first in every look, and each of the others in one.
const order = Object.keys(looks);
for (const [look, options] of Object.entries(looks)) {
  for (const [at, path] of paths.entries()) {
    const shown = await browser.newContext({ ...options, storageState: await context.storageState() });
    const plain = watch(await shown.newPage());
    await plain.goto(`${url}${path}`);
    if (await plain.evaluate(() => document.documentElement.scrollWidth > innerWidth)) told.wider.push(`${look}: ${path}`);
    told.scripts += await plain.locator("script").count();
    const name = path.replace(/[^a-z0-9]+/gi, "-").slice(0, 60);
    if (process.env.KEYROLL_SHOTS) await plain.screenshot({ path: join(shots, `${look}${name}.png`), fullPage: true });
    told.pages += 1;
    await shown.close();
    if (at > 0 && order[at % order.length] !== look) continue;
    // The page's own policy keeps the checker out, so it is checked once more without.
    const free = await browser.newContext({ ...options, storageState: await context.storageState(), bypassCSP: true });
    const checked = watch(await free.newPage());
    await checked.goto(`${url}${path}`);
    await check(checked, `${look} ${path}`);
    await free.close();
  }
}
await page.locator("form[action='/sign-out'] button").focus();
await page.keyboard.press("Enter");
await page.waitForURL("**/sign-in");
told.left = (await context.cookies()).length;
await page.goto(`${url}/t/keyroll/findings`);
told.after = page.url();
const free = await browser.newContext({ ...looks.phone, bypassCSP: true });
const form = watch(await free.newPage());
await form.goto(`${url}/sign-in`);
await check(form, "where one signs in");
await free.close();
// Without any script the pages are the same.
await browser.close();
console.log(JSON.stringify(told));
