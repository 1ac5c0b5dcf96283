"""The look of the page."""

STYLE = """
:root { color: #1c2530; background: #fff; font: 15px/1.5 system-ui,
  -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
body { max-width: 1180px; margin: 0 auto; padding: 40px 28px 80px; }
h1 { font-size: 30px; line-height: 1.2; margin: 0 0 4px;
  letter-spacing: -.01em; }
h2 { font-size: 19px; margin: 0 0 14px; }
header p, .key, .foot { color: #5d6875; margin: 0; }
section { margin-top: 48px; }
.tiles { display: flex; flex-wrap: wrap; gap: 12px; margin-top: 24px; }
.tile { flex: 1 1 150px; padding: 12px 16px 14px; border-radius: 8px;
  background: #f3f5f8; }
.tile span, .tile b, .tile i { display: block; font-style: normal; }
.tile span, .tile i { font-size: 13px; color: #5d6875; }
.tile b { font-size: 27px; line-height: 1.25; font-weight: 650;
  font-variant-numeric: tabular-nums; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th { font-weight: 500; text-align: left; }
.scroll { overflow-x: auto; }
.guides { width: 100%; white-space: nowrap; }
.guides td, .guides thead th { text-align: right; padding: 7px 12px; }
.guides thead th:first-child { text-align: left; }
.guides thead th { font-size: 13px; color: #5d6875; padding: 3px 12px; }
.guides thead tr:first-child th[colspan] { text-align: center;
  color: #1c2530; border-bottom: 1px solid #c9d1da; }
.guides tbody tr { border-top: 1px solid #e4e8ed; }
.guides tbody tr.g2 { background: #eef4fb; }
.guides tbody tr.g2 th, .guides .main { font-weight: 650; }
.guides .main { min-width: 110px; }
.guides .paper { color: #5d6875; background: #fafbfc; }
.guides sup { position: absolute; font-size: 10px; padding-left: 2px; }
.foot { font-size: 13px; margin-top: 6px; }
.dot { display: inline-block; width: 10px; height: 10px; border-radius: 3px;
  margin-right: 8px; }
.legend { margin: 0 0 10px; font-size: 13px; }
.legend span { margin-right: 20px; }
svg { width: 100%; height: auto; font: 12px system-ui, sans-serif; }
svg .name { text-anchor: end; dominant-baseline: middle; fill: #1c2530; }
svg .tick { text-anchor: middle; font-size: 10px; fill: #8692a0; }
svg .mark { stroke: #1c2530; stroke-width: 1.6; }
svg .grid { stroke: #e4e8ed; }
.strips { display: grid; gap: 4px 6px; margin-top: 14px; align-items: start; }
.strips h3 { grid-column: 1 / -1; font-size: 14px; margin: 14px 0 2px; }
.strips hr { grid-column: 1 / -1; width: 100%; margin: 2px 0 8px; border: 0;
  border-top: 1px solid #e4e8ed; }
.strips figure { margin: 0; }
.strips figcaption { font-size: 11px; line-height: 1.3; color: #5d6875;
  font-variant-numeric: tabular-nums; }
.strips .beside { margin: 0; font-size: 12px; color: #5d6875; }
.beside code, .beside span, .beside em { display: block; margin-bottom: 2px; }
.beside em { font-style: normal; text-align: right; margin-top: 8px; }
.matrices { display: grid; grid-template-columns: 1fr 1fr; gap: 20px; }
.matrices figure { margin: 0; }
.matrices b { font-weight: 600; }
.matrices img { width: 100%; }
.guides small { display: block; font-weight: 400; font-size: 11px;
  color: #5d6875; }
.gains { width: auto; margin-bottom: 10px; }
.strips b { font-weight: 600; font-size: 13px; }
.strips img { max-width: 100%; max-height: 200px; display: block;
  border-radius: 3px; }
.strips .caption { grid-column: 1 / -1; margin: 0 0 14px; font-size: 12px;
  color: #5d6875; }
.caption code { margin-right: 16px; }
.caption span { margin-right: 14px; }
.caption .dot { width: 9px; height: 9px; margin-right: 5px; }
.classes { font-size: 13px; margin-top: 10px; }
.classes td { text-align: right; padding: 2px 0 2px 28px; }
.times { width: 100%; font-size: 13px; }
.times th, .times td { padding: 2px 12px 2px 0; white-space: nowrap; }
.times td { text-align: right; }
.times .wide { width: 70%; text-align: left; color: #5d6875; }
.times .bar { display: inline-block; height: 10px; border-radius: 2px;
  background: #8fb3d9; min-width: 1px; margin-right: 8px; }
pre { background: #f3f5f8; padding: 14px; border-radius: 8px;
  font-size: 12px; white-space: pre-wrap; overflow-wrap: anywhere; }
summary { cursor: pointer; color: #0b5fa5; }
@media print { section { break-inside: avoid-page; } }
"""
