//! The plots of the page: one quantity against the number of the block, with lines to compare with.

use std::error::Error;

use plotters::prelude::*;

/// A quantity of every block, and horizontal lines.
pub(super) struct Plot<'a> {
    /// Label of the vertical axis, with the unit.
    pub(super) label: &'a str,
    /// Name, and one value per block.
    pub(super) measured: (&'a str, Vec<f64>),
    /// Name and value of what to compare with.
    pub(super) lines: Vec<(&'a str, f64)>,
    /// Where the vertical axis begins.
    pub(super) from: f64,
    /// Decimals of the values.
    pub(super) decimals: usize,
}

const SIZE: (u32, u32) = (400, 270);
const MEASURED: RGBColor = RGBColor(20, 90, 170);
const LINES: [RGBColor; 2] = [RGBColor(200, 90, 20), RGBColor(70, 130, 60)];
const FONT: &str = "sans-serif";

impl Plot<'_> {
    /// The plot as an SVG element.
    pub(super) fn svg(&self) -> String {
        let mut svg = String::new();
        self.draw(&mut svg).expect("drawing into a string does not fail");
        svg
    }

    fn draw(&self, svg: &mut String) -> Result<(), Box<dyn Error>> {
        let (name, values) = (self.measured.0, &self.measured.1);
        let blocks = values.len() as f64;
        let root = SVGBackend::with_string(svg, SIZE).into_drawing_area();
        let mut chart = ChartBuilder::on(&root)
            .margin(8)
            .x_label_area_size(36)
            .y_label_area_size(62)
            .build_cartesian_2d(-0.5..blocks - 0.5, self.range())?;
        let decimals = self.decimals;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .light_line_style(WHITE)
            .bold_line_style(BLACK.mix(0.1))
            .x_labels(values.len().min(10))
            .x_label_formatter(&|block| if block.fract() == 0.0 { block.to_string() } else { String::new() })
            .y_label_formatter(&|value| format!("{value:.decimals$}"))
            .x_desc("block")
            .y_desc(self.label)
            .label_style((FONT, 12))
            .axis_desc_style((FONT, 13))
            .draw()?;
        for ((name, value), color) in self.lines.iter().zip(LINES.iter().cycle()) {
            let ends = [(-0.5, *value), (blocks - 0.5, *value)];
            chart
                .draw_series(DashedLineSeries::new(ends, 6, 4, color.stroke_width(2)))?
                .label(*name)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], color.stroke_width(2)));
        }
        let points = || values.iter().enumerate().map(|(block, &value)| (block as f64, value));
        chart.draw_series(LineSeries::new(points(), MEASURED.stroke_width(1)))?;
        chart
            .draw_series(points().map(|point| Circle::new(point, 4, MEASURED.filled())))?
            .label(name)
            .legend(|(x, y)| Circle::new((x + 8, y), 4, MEASURED.filled()));
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::LowerRight)
            .background_style(WHITE.mix(0.85))
            .border_style(BLACK.mix(0.15))
            .label_font((FONT, 12))
            .draw()?;
        root.present()?;
        Ok(())
    }

    /// To a little above everything that is shown.
    fn range(&self) -> std::ops::Range<f64> {
        let lines = self.lines.iter().map(|(_, value)| *value);
        let top = self.measured.1.iter().copied().chain(lines).fold(self.from, f64::max);
        let height = if top > self.from { 1.15 * (top - self.from) } else { 1.0 };
        self.from..self.from + height
    }
}
