// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/examples/shop/style.h"

namespace examples {

const std::string_view kStyleSheet = R"css(
:root {
  color-scheme: light dark;
  --page: #faf7f2; --paper: #ffffff; --ink: #241f1c; --quiet: #6d635b; --line: #e6ddd1;
  --accent: #a3273a; --accent-ink: #ffffff; --second: #c8963e; --soft: #f1e6d4; --good: #2f6b4f;
  --shadow: 0 1px 2px rgb(60 40 20 / .06), 0 8px 24px rgb(60 40 20 / .06);
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #171412; --paper: #211d1a; --ink: #f1ebe4; --quiet: #a99e93; --line: #38312b;
    --accent: #e0667a; --accent-ink: #23090e; --second: #d9b064; --soft: #2f2822; --good: #7cc3a1;
    --shadow: 0 1px 2px rgb(0 0 0 / .4);
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
  min-height: 100vh; display: flex; flex-direction: column;
}
a { color: inherit; text-underline-offset: .2em; }
h1 { font-size: clamp(1.6rem, 1.2rem + 2vw, 2.3rem); line-height: 1.15; margin: 0 0 .4rem;
     letter-spacing: -.015em; text-wrap: balance; }
h2 { font-size: 1.1rem; margin: 0; line-height: 1.3; }
p { margin: 0 0 1rem; }
.quiet { color: var(--quiet); }
.skip { position: absolute; left: -999rem; }
.skip:focus { left: 1rem; top: .5rem; background: var(--paper); padding: .5rem 1rem; z-index: 2; }
:focus-visible { outline: 3px solid var(--second); outline-offset: 2px; border-radius: 4px; }

header.top { background: var(--paper); border-bottom: 1px solid var(--line); }
.bar { max-width: 70rem; margin: 0 auto; padding: .8rem 1.25rem; display: flex; flex-wrap: wrap;
       align-items: center; gap: .4rem 1.4rem; }
.brand { font-weight: 700; text-decoration: none; letter-spacing: -.01em; margin-right: auto;
         display: flex; align-items: center; gap: .55rem; }
.brand svg { width: 1.7rem; height: 1.7rem; }
.bar a:not(.brand) { text-decoration: none; color: var(--quiet); padding: .35rem 0; }
.bar a:not(.brand):hover, .bar a[aria-current] { color: var(--ink); text-decoration: underline; }
.bar form { display: inline; }
.badge { background: var(--accent); color: var(--accent-ink); border-radius: 1rem;
         padding: .05rem .5rem; font-size: .8rem; font-weight: 600; }

@media (max-width: 28rem) { .brand { flex-basis: 100%; } }

main { flex: 1; width: 100%; max-width: 70rem; margin: 0 auto; padding: 2rem 1.25rem 3rem; }
.lead { color: var(--quiet); max-width: 38rem; margin-bottom: 1.8rem; font-size: 1.05rem; }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(15rem, 100%), 1fr));
        gap: 1.25rem; list-style: none; margin: 0; padding: 0; }
.card { background: var(--paper); border: 1px solid var(--line); border-radius: 14px; overflow: hidden;
        box-shadow: var(--shadow); display: flex; flex-direction: column; position: relative;
        transition: transform .15s ease, border-color .15s ease; }
.card:hover { transform: translateY(-2px); border-color: var(--second); }
.card a { text-decoration: none; }
.card h2 a::after { content: ""; position: absolute; inset: 0; }
.card .text { padding: 1rem 1.1rem 1.1rem; display: flex; flex-direction: column; gap: .3rem; flex: 1; }
.card .foot { margin-top: auto; padding-top: .6rem; display: flex; justify-content: space-between;
              align-items: baseline; }
.kind { font-size: .78rem; color: var(--quiet); letter-spacing: .04em; text-transform: uppercase; }
.price { font-weight: 650; font-variant-numeric: tabular-nums; }
.picture { display: block; width: 100%; aspect-ratio: 4 / 3; background: var(--soft); padding: 1.2rem; }
@media (max-width: 34rem) { .card .picture { aspect-ratio: 16 / 9; } }
svg .a { fill: var(--accent); } svg .b { fill: var(--second); } svg .k { fill: var(--ink); }
svg .p { fill: var(--paper); stroke: var(--ink); stroke-width: 1.5; } svg .s { fill: var(--second); opacity: .28; }
svg .l { fill: none; stroke: var(--ink); stroke-width: 2.5; stroke-linecap: round; stroke-linejoin: round; }

.two { display: grid; gap: 1.5rem 2.5rem; align-items: start; }
@media (min-width: 46rem) { .two { grid-template-columns: 1.15fr 1fr; } }
.two > *, .card, .panel { min-width: 0; }
.two .picture { border-radius: 14px; border: 1px solid var(--line); }
.panel { background: var(--paper); border: 1px solid var(--line); border-radius: 14px; padding: 1.25rem;
         box-shadow: var(--shadow); }
.panel.form { max-width: 38rem; }
.panel + .panel, .panel + p { margin-top: 1.25rem; }

button, .button { font: inherit; font-weight: 600; border: 1px solid transparent; border-radius: 10px;
  padding: .6rem 1.15rem; min-height: 2.75rem; background: var(--accent); color: var(--accent-ink);
  cursor: pointer; text-decoration: none; display: inline-flex; align-items: center; }
button:hover, .button:hover { filter: brightness(1.08); }
button.plain { background: none; color: var(--quiet); border-color: var(--line); font-weight: 500; }
button.link { background: none; border: 0; color: var(--quiet); font-weight: 400; padding: .35rem 0;
  min-height: 0; text-decoration: none; }
button.link:hover, button.plain:hover { color: var(--ink); text-decoration: underline; filter: none; }
label { display: block; font-weight: 600; font-size: .92rem; margin-bottom: .25rem; }
input, select { font: inherit; color: inherit; background: var(--page); border: 1px solid var(--line);
  border-radius: 10px; padding: .55rem .75rem; width: 100%; min-height: 2.75rem; }
input[type=number] { width: 5rem; } input[type=radio] { width: auto; min-height: 0; accent-color: var(--accent); }
.field { margin-bottom: 1rem; }
.pair { display: grid; grid-template-columns: minmax(5rem, 8rem) 1fr; gap: .8rem; }
.row { display: flex; flex-wrap: wrap; gap: .8rem; align-items: end; }
.choice { display: flex; gap: .8rem; align-items: flex-start; padding: .8rem 1rem; border-radius: 10px;
          border: 1px solid var(--line); margin-bottom: .7rem; font-weight: 400; cursor: pointer; }
.choice:has(:checked) { border-color: var(--accent); background: var(--soft); }
.choice input { margin-top: .35rem; } .choice .price { margin-left: auto; }
.wrong { color: var(--accent); font-size: .9rem; margin-top: .25rem; }

.lines { list-style: none; margin: 0; padding: 0; }
.lines > li { display: grid; grid-template-columns: 4.5rem 1fr; gap: .4rem 1rem; padding: 1rem 0;
              border-bottom: 1px solid var(--line); }
.lines .picture { padding: .4rem; border-radius: 10px; }
.lines .acts { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; margin-top: .5rem; }
.lines .acts form { display: flex; gap: .5rem; align-items: center; }
.lines .top { display: flex; justify-content: space-between; gap: 1rem; }
.sum { display: flex; justify-content: space-between; gap: 1rem; padding: .35rem 0; }
.sum.total { border-top: 1px solid var(--line); margin-top: .5rem; padding-top: .8rem; font-size: 1.15rem; }
.steps { display: flex; gap: .4rem; list-style: none; margin: 1rem 0 1.6rem; padding: 0;
         font-size: .92rem; }
.steps li { flex: 1; padding-top: .5rem; border-top: 3px solid var(--line); color: var(--quiet); }
.steps li.done { border-color: var(--second); } .steps li[aria-current] { border-color: var(--accent);
  color: var(--ink); font-weight: 600; }
.note { border-left: 4px solid var(--good); background: var(--paper); padding: .7rem 1rem;
        border-radius: 0 10px 10px 0; margin-bottom: 1.4rem; }
.empty { text-align: center; padding: 3rem 1rem; } .empty svg { width: 9rem; opacity: .85; }

.stage { background: var(--paper); border-top: 1px solid var(--line); color: var(--quiet);
         font-size: .85rem; padding: .7rem 1.25rem; }
.stage dl { margin: 0; display: flex; flex-wrap: wrap; gap: .1rem 1.3rem; justify-content: center; }
.stage dl div { display: flex; gap: .4rem; }
.stage dt::after { content: ":"; } .stage dd { margin: 0; color: var(--ink); font-weight: 600; }
.stage p { margin: .3rem 0 0; text-align: center; color: var(--ink); }
.stage.news { position: sticky; bottom: 0; border-top: 2px solid var(--good); }
.dot { display: inline-block; width: .55rem; height: .55rem; border-radius: 50%; background: var(--good);
       margin-right: .35rem; } .dot.warn { background: var(--second); }
@media (min-width: 64rem) {
  main { padding-bottom: 9rem; }
  .stage, .stage.news { position: fixed; right: 1.1rem; bottom: 1.1rem; border: 1px solid var(--line);
           border-radius: 14px; box-shadow: var(--shadow); max-width: 19rem; }
  .stage dl { flex-direction: column; } .stage p { text-align: left; }
}
@media (prefers-reduced-motion: reduce) { * { transition: none !important; } }
)css";

}  // namespace examples
