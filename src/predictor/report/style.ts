/** The style of the page: light or dark as the reader's system is, and one column on a phone. */
export const STYLE = `
:root { color-scheme: light dark; --ground: #fff; --panel: #f5f6f8; --ink: #1c2127; --muted: #5a6572; --line: #dde1e6;
  --accent: #2864ae; --on-accent: #fff; --warning: #9a5b00; --bad: #b42318; --good: #1b7a46;
  --color-1: #2864ae; --color-2: #d0641c; --color-3: #2b8a55; --color-4: #a3437e; --color-5: #7a6a1c; --color-6: #5d5f6b; }
@media (prefers-color-scheme: dark) { :root { --ground: #12161b; --panel: #1b2128; --ink: #e5e8ec; --muted: #9da8b5; --line: #323a44;
  --accent: #6ba8ec; --on-accent: #0e1318; --warning: #e8b059; --bad: #f28b82; --good: #6cc495;
  --color-1: #6ba8ec; --color-2: #f09a5d; --color-3: #6cc495; --color-4: #e08cc0; --color-5: #cfbd62; --color-6: #adb3bd; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
main { max-width: 1040px; margin: 0 auto; padding: 24px 20px 64px; }
h1 { font-size: 1.5rem; line-height: 1.3; font-weight: 600; margin: 0 0 8px; text-wrap: pretty; }
h1.unclear { color: var(--warning); } h1.worse { color: var(--bad); }
h2 { font-size: 1.2rem; margin: 40px 0 8px; padding-top: 12px; border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 20px 0 4px; }
p { margin: 4px 0 12px; max-width: 72ch; }
.muted, small, figcaption { color: var(--muted); }
small, figcaption { font-size: .85rem; }
nav { font-size: .9rem; margin: 12px 0; } nav a { margin-right: 14px; white-space: nowrap; display: inline-block; }
a { color: var(--accent); }
.warnings { margin: 8px 0 16px; padding: 8px 12px 8px 28px; border-left: 4px solid var(--warning); background: var(--panel); max-width: 80ch; }
.scroll { overflow-x: auto; margin: 8px 0 16px; }
table { border-collapse: collapse; font-size: .92rem; }
th, td { text-align: left; padding: 5px 18px 5px 0; border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: normal; }
th { color: var(--muted); font-weight: 500; } tbody th { padding-top: 12px; color: var(--ink); }
td:first-child { min-width: 6.5em; max-width: 24em; overflow-wrap: anywhere; }
td.number { font-variant-numeric: tabular-nums; white-space: nowrap; }
td strong { font-weight: 600; } td small { white-space: nowrap; }
details { margin: 8px 0; } summary { cursor: pointer; color: var(--accent); }
.plots { display: flex; flex-wrap: wrap; gap: 16px 32px; }
figure { margin: 8px 0; max-width: 520px; min-width: 0; }
.plots > * { flex: 1 1 320px; max-width: 520px; min-width: 0; }
figure.wide, .plots > .wide { flex-basis: 100%; max-width: 100%; }
.plot { overflow-x: auto; }
.plot svg { display: block; width: 100%; height: auto; font-family: inherit; }
.wide .plot svg { width: auto; max-width: none; }
.legend { list-style: none; padding: 0; margin: 0 0 8px; font-size: .88rem; }
.legend li { display: inline-block; margin-right: 16px; }
.legend span { display: inline-block; width: 20px; vertical-align: middle; margin-right: 6px; }
.bar { position: relative; display: inline-block; width: clamp(72px, 18vw, 200px); margin-right: 6px; height: 12px; background: var(--panel); border: 1px solid var(--line); border-radius: 2px; }
.bar i, .bar u, .bar b { position: absolute; top: 0; bottom: 0; } .bar i { left: 0; background: var(--accent); }
.bar u { top: 4px; bottom: 4px; background: var(--ink); } .bar b { width: 2px; margin-left: -1px; top: -3px; bottom: -3px; background: var(--color-2); }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 260px), 1fr)); gap: 16px; }
.card { background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: 12px; font-size: .9rem; min-width: 0; }
.card img { display: block; max-width: 100%; max-height: 160px; margin-bottom: 8px; background: #fff; border-radius: 3px; }
.card p { margin: 0 0 2px; } .card .wrong { color: var(--bad); font-weight: 600; } .card .right { color: var(--good); font-weight: 600; }
dl { margin: 8px 0; } dt { color: var(--muted); font-size: .85rem; } dd { margin: 0 0 6px; max-height: 9.5em; overflow-y: auto; white-space: pre-wrap; }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(150px, 1fr)); gap: 8px 24px; } .facts dd { font-size: 1.05rem; white-space: normal; }
@media (max-width: 600px) { main { padding: 16px 16px 48px; } h1 { font-size: 1.3rem; } table { font-size: .85rem; } th, td { padding-right: 10px; } td small { white-space: normal; } }
pre { background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: 12px; overflow-x: auto; font-size: .88rem; white-space: pre-wrap; }
`;
