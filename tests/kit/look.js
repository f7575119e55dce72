// Opens pages in headless Chromium at four widths, light and dark, and tells what a reader or a screen reader would stumble over:
// console errors, requests, sideways overflow, and serious findings of axe-core. Needs `npm install puppeteer-core axe-core`:
//   NODE_PATH=node_modules node tests/kit/look.js [--pictures FOLDER] PAGE.html ...
"use strict";
const fs = require("fs");
const path = require("path");
const puppeteer = require("puppeteer-core");
const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const WIDTHS = [360, 768, 1280, 2560];
const SCHEMES = ["light", "dark"];
const SERIOUS = new Set(["serious", "critical"]);

async function look(browser, file, width, scheme, pictures) {
  const found = [];
  const page = await browser.newPage();
  page.on("console", (message) => message.type() === "error" && found.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => found.push(`error: ${error.message}`));
  page.on("request", (request) => /^(file|data):/.test(request.url()) || found.push(`request: ${request.url()}`));
  await page.setBypassCSP(false);
  await page.emulateMediaFeatures([{name: "prefers-color-scheme", value: scheme}]);
  await page.setViewport({width, height: 900, isMobile: width < 600});
  await page.goto(`file://${path.resolve(file)}`);
  await page.evaluate(() => document.querySelectorAll("details").forEach((each) => { each.open = true; }));
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  if (wide > width) found.push(`overflow: ${wide} of ${width} px`);
  if (pictures) {
    const name = `${path.basename(path.dirname(path.resolve(file)))}-${width}-${scheme}.png`;
    await page.screenshot({path: path.join(pictures, name), fullPage: true});
  }
  await page.close();
  return found;
}

async function audit(browser, file, scheme) {
  const page = await browser.newPage();
  await page.setBypassCSP(true); // axe itself is a script that the page's policy rightly refuses
  await page.emulateMediaFeatures([{name: "prefers-color-scheme", value: scheme}]);
  await page.setViewport({width: 1280, height: 900});
  await page.goto(`file://${path.resolve(file)}`);
  await page.evaluate(() => document.querySelectorAll("details").forEach((each) => { each.open = true; }));
  await page.evaluate(axe);
  const result = await page.evaluate(() => window.axe.run(document, {resultTypes: ["violations"]}));
  await page.close();
  return result.violations.map((one) => ({
    serious: SERIOUS.has(one.impact),
    text: `axe ${one.impact}: ${one.id}, ${one.nodes.length} × ${one.nodes[0].html.slice(0, 160)}`,
  }));
}

(async () => {
  const files = process.argv.slice(2);
  const pictures = files[0] === "--pictures" ? files.splice(0, 2)[1] : "";
  const executablePath = process.env.CHROMIUM || "/usr/bin/chromium";
  const browser = await puppeteer.launch({executablePath, args: ["--no-sandbox", "--disable-gpu"]});
  let bad = 0;
  for (const file of files) {
    for (const scheme of SCHEMES) {
      for (const one of await audit(browser, file, scheme)) {
        bad += one.serious;
        console.log(`${file} ${scheme} ${one.text}`);
      }
      for (const width of WIDTHS) {
        for (const text of await look(browser, file, width, scheme, pictures)) {
          bad += 1;
          console.log(`${file} ${scheme} ${width} ${text}`);
        }
      }
    }
  }
  await browser.close();
  console.log(`${files.length} pages, ${bad} stumbling blocks`);
  process.exitCode = bad ? 1 : 0;
})();
