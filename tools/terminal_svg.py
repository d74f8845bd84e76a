#!/usr/bin/env python3
"""Draws a terminal capture as an SVG picture: tools/terminal_svg.py <capture.txt >picture.svg"""
import html
import re
import sys

WIDTH, HEIGHT, MARGIN = 7.83, 17, 14
GREEN, RED, DIM, PLAIN = "#7ee787", "#ff7b72", "#8b949e", "#e6edf3"


def coloured(line):
    if line.startswith("$ "):
        return f'<tspan fill="{GREEN}">$</tspan>{html.escape(line[1:])}'
    text = html.escape(line)
    text = re.sub(r"(?<=  )yes(?= )", f'<tspan fill="{GREEN}">yes</tspan>', text)
    return re.sub(r"(?<=  )no(?=  )", f'<tspan fill="{RED}">no</tspan>', text)


def main():
    lines = sys.stdin.read().rstrip("\n").split("\n")
    width = max(map(len, lines)) * WIDTH + 2 * MARGIN
    height = len(lines) * HEIGHT + 2 * MARGIN
    print(f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height}" '
          f'viewBox="0 0 {width:.0f} {height}" role="img" aria-label="terminal capture">')
    print('<rect width="100%" height="100%" rx="8" fill="#0d1117"/>')
    print('<g font-family="ui-monospace,Menlo,Consolas,monospace" font-size="13">')
    for number, line in enumerate(lines):
        if line.strip():
            fill = DIM if line.startswith("  ") else PLAIN
            y = MARGIN + HEIGHT * number + 12
            print(f'<text x="{MARGIN}" y="{y}" fill="{fill}" xml:space="preserve">'
                  f'{coloured(line)}</text>')
    print("</g>\n</svg>")


main()
