/** The style sheet of the pages of `page.ts`. Their policy allows it by its hash, so `style` attributes would have no effect. */
export const STYLE = `
:root{color-scheme:light dark;--ground:#f5f4f0;--sheet:#fff;--ink:#1c1d20;--soft:#5d6067;--line:#d9d7d0;--accent:#2a52c9;--on-accent:#fff;--mark:#b3261e}
@media (prefers-color-scheme:dark){:root{--ground:#101215;--sheet:#191c21;--ink:#e9eaec;--soft:#a3a8b1;--line:#33373f;--accent:#9db4ff;--on-accent:#0e1433;--mark:#ff9d94}}
*{box-sizing:border-box}
body{font:1rem/1.5 system-ui,sans-serif;max-width:46rem;margin:0 auto;padding:1.5rem 1rem 2rem;background:var(--ground);color:var(--ink);overflow-wrap:anywhere}
header{display:flex;align-items:center;gap:.5rem;color:var(--soft);font-weight:600}
header path{stroke:var(--on-accent)}header rect{fill:var(--accent)}
h1{font-size:1.5rem;line-height:1.25;margin:1rem 0 .5rem}h2{font-size:1.1rem;margin:0 0 .5rem}h3{font-size:1rem;margin:1.5rem 0 .25rem}
a{color:var(--accent)}
code,pre{font-family:ui-monospace,Menlo,Consolas,monospace;font-size:.9em}
pre{white-space:pre-wrap;padding:.75rem;margin:.25rem 0 0;background:var(--ground);border:1px solid var(--line);border-radius:.5rem}
main>pre,main p pre{background:var(--sheet)}
dl{margin:1rem 0;display:grid;grid-template-columns:minmax(6rem,max-content) 1fr;gap:.4rem 1rem}
dt{color:var(--soft)}dd{margin:0}
.where{margin:0 0 1rem;color:var(--soft)}.where strong{color:var(--ink)}
.change{background:var(--sheet);border:1px solid var(--line);border-radius:.75rem;padding:1rem;margin:0 0 .75rem}
.sides{display:grid;gap:.75rem}
.sides>div{min-width:0}.side{color:var(--soft);font-size:.9rem}
.value{max-height:11rem;overflow:auto}.after .value{border-color:var(--accent)}
.note{color:var(--soft);font-size:.9rem;margin:.5rem 0 0}
mark{background:none;color:var(--mark);font-size:.85em}
form{background:var(--ground);border-top:1px solid var(--line);padding:.75rem 0;margin-top:1rem}
label{display:block;color:var(--soft);font-size:.9rem}
form>.note{margin:0 0 .75rem}button+.note{margin:.5rem 0 0}
input{width:100%;font:inherit;padding:.5rem .75rem;margin:.25rem 0 .5rem;background:var(--sheet);color:var(--ink);border:1px solid var(--line);border-radius:.5rem}
button{font:inherit;font-weight:600;width:100%;padding:.75rem 1.5rem;cursor:pointer;background:var(--accent);color:var(--on-accent);border:0;border-radius:.5rem}
:focus-visible,:target{outline:3px solid var(--accent);outline-offset:2px}
@media (min-height:30rem){form{position:sticky;bottom:0}}
@media (min-width:40rem){.sides{grid-template-columns:1fr 1fr}button{width:auto}}
`
