"""The week's report written down: as HTML by jinja2 (`data/week_report.html`) and as PDF by fpdf2.

Both libraries and matplotlib are imported where a report is written. The PDF's letters are DejaVu Sans, which comes
with matplotlib and has every sign that the report uses.
"""

from __future__ import annotations

import base64
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.kpi_charts import ACROSS, trends_png, trends_svg
from models.kpi_week import WeekReport

if TYPE_CHECKING:
    from fpdf import FPDF

INK = "#1f2328"
GREEN, RED, GREY, BLACK = (26, 127, 55), (207, 34, 46), (87, 96, 106), (31, 35, 40)
TABLE: Any = {"text_align": "LEFT", "line_height": 4.6, "borders_layout": "HORIZONTAL_LINES"}
SHARES = (4, 40, 14, 14, 16, 14)


def write_html(report: WeekReport, template: Path, target: Path) -> None:
    """The report as one HTML file with everything in it."""
    from jinja2 import Environment

    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    charts = [base64.b64encode(trends_svg(section.trends, INK, ACROSS)).decode() for section in report.sections]
    made = environment.from_string(template.read_text("utf-8")).render(report=report, charts=charts)
    target.write_text(made, "utf-8")


def write_pdf(report: WeekReport, target: Path) -> None:
    """The report as a PDF, A4 across, a clause a page or more."""
    pdf = _pages(report)
    for section in report.sections:
        pdf.add_page()
        _heading(pdf, section.title, section.says)
        with pdf.table(col_widths=SHARES, **TABLE) as drawn:
            drawn.row(("", "KPI", "this week", "the week before", "target", "made of"))
            for line in section.lines:
                drawn.row((line.mark, line.name, line.actual, line.before, line.target, line.made_of))
        pdf.ln(3)
        picture = trends_png(section.trends, INK)
        pdf.image(BytesIO(picture), w=pdf.epw)
    pdf.add_page()
    for one in report.tables:
        _heading(pdf, one.title, "")
        with pdf.table(**TABLE) as drawn:
            for row in (one.heads, *one.rows):
                drawn.row(row)
        pdf.ln(5)
    pdf.output(str(target))


def _pages(report: WeekReport) -> FPDF:
    import matplotlib
    from fpdf import FPDF

    class Pages(FPDF):
        def footer(self) -> None:
            self.set_y(-10)
            self.set_font("DejaVu", size=7)
            self.set_text_color(*GREY)
            self.cell(0, 5, f"{report.title} · page {self.page_no()} of {{nb}}", align="R")
            self.set_text_color(*BLACK)

    pdf = Pages(orientation="landscape", format="A4")
    fonts = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    for style, name in (("", "DejaVuSans"), ("B", "DejaVuSans-Bold")):
        pdf.add_font("DejaVu", style, str(fonts / f"{name}.ttf"))
    pdf.set_title(report.title)
    pdf.set_auto_page_break(True, margin=14)
    pdf.set_text_color(*BLACK)
    pdf.add_page()
    pdf.set_font("DejaVu", "B", 20)
    pdf.cell(0, 12, report.title, new_x="LMARGIN", new_y="NEXT")
    pdf.set_font("DejaVu", "B", 12)
    pdf.cell(0, 8, f"{report.met}.", new_x="LMARGIN", new_y="NEXT")
    pdf.set_font("DejaVu", size=9)
    pdf.multi_cell(
        0,
        5,
        f"{report.told} “9 of 10 within” is the time that nine of ten did not exceed; – where nothing was measured.",
        new_x="LMARGIN",
        new_y="NEXT",
    )
    pdf.ln(4)
    for section in report.sections:
        for line in section.lines:
            if line.mark:
                pdf.set_text_color(*(GREEN if line.mark == "✔" else RED))
                pdf.cell(6, 5, line.mark)
                pdf.set_text_color(*BLACK)
                pdf.cell(0, 5, f"{line.name}: {line.actual} ({line.target})", new_x="LMARGIN", new_y="NEXT")
    return pdf


def _heading(pdf: FPDF, title: str, says: str) -> None:
    pdf.set_font("DejaVu", "B", 13)
    pdf.cell(0, 8, title, new_x="LMARGIN", new_y="NEXT")
    pdf.set_font("DejaVu", size=8)
    if says:
        pdf.multi_cell(0, 4.5, says, new_x="LMARGIN", new_y="NEXT")
    pdf.ln(1)
