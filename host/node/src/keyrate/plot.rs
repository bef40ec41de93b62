//! The plot of key rates: one curve for each block size, on a logarithmic scale, as an SVG.

use std::error::Error;
use std::ops::Range;

use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::report::units;

/// What is drawn.
pub(super) struct Plot {
    pub(super) title: String,
    /// Lines below the title: with which parameters.
    pub(super) notes: Vec<String>,
    pub(super) x: Axis,
    /// Label of the vertical axis, with the unit.
    pub(super) y_label: &'static str,
    /// From the lowest to the highest.
    pub(super) curves: Vec<Curve>,
}

/// The horizontal axis.
pub(super) struct Axis {
    /// Its label, with the unit.
    pub(super) label: &'static str,
    pub(super) logarithmic: bool,
}

/// A curve; values that are not positive have no place on it.
pub(super) struct Curve {
    pub(super) name: String,
    pub(super) points: Vec<(f64, f64)>,
}

/// Size on the page, in pixels.
const SIZE: (i32, i32) = (960, 620);
/// The backend draws at whole pixels; so many of its pixels make one of the page.
const FINE: i32 = 4;
const FONT: &str = "sans-serif";
const INK: RGBColor = RGBColor(40, 40, 40);
const FAINT: RGBColor = RGBColor(105, 105, 105);
/// Viridis without its yellow, which is too bright for white paper. Told apart by the colour-blind, and in grey.
const PALETTE: [(u8, u8, u8); 5] =
    [(122, 209, 81), (34, 168, 132), (42, 120, 142), (65, 68, 135), (68, 1, 84)];
/// Curves with fewer points than this show each of them.
const FEW_POINTS: usize = 20;

type Drawing<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

impl Plot {
    /// The plot as an SVG file; `None` where no point has a key.
    pub(super) fn svg(&self) -> Option<String> {
        let (x, y) = self.ranges()?;
        let mut svg = String::new();
        self.draw(&mut svg, x, y).expect("drawing into a string does not fail");
        let (width, height) = SIZE;
        let size = |scale: i32| format!("<svg width=\"{}\" height=\"{}\"", width * scale, height * scale);
        Some(svg.replacen(&size(FINE), &size(1), 1))
    }

    /// Coordinates of a point: decades, where the axis is logarithmic.
    fn place(&self, (x, y): (f64, f64)) -> (f64, f64) {
        (if self.x.logarithmic { x.log10() } else { x }, y.log10())
    }

    /// Both axes: all of the horizontal one, and whole decades around all that is drawn.
    fn ranges(&self) -> Option<(Range<f64>, Range<f64>)> {
        let places = self.curves.iter().flat_map(|curve| &curve.points).map(|&point| self.place(point));
        let (x, y): (Vec<f64>, Vec<f64>) = places.unzip();
        let (left, right) = span(&x)?;
        let (low, high) = span(&y)?;
        let (low, high) = (low.floor(), high.ceil());
        // One point still has a width.
        let right = if right > left { right } else { left + 1.0 };
        Some((left..right, low..high.max(low + 1.0)))
    }

    fn draw(&self, svg: &mut String, x: Range<f64>, y: Range<f64>) -> Result<(), Box<dyn Error>> {
        let size = ((SIZE.0 * FINE) as u32, (SIZE.1 * FINE) as u32);
        let root = SVGBackend::with_string(svg, size).into_drawing_area();
        root.fill(&WHITE)?;
        let (head, body) = root.split_vertically((50 + 19 * self.notes.len() as i32) * FINE);
        self.draw_head(&head)?;
        let mut chart = ChartBuilder::on(&body)
            .margin_left(12 * FINE)
            .margin_right(28 * FINE)
            .margin_bottom(10 * FINE)
            .x_label_area_size(52 * FINE)
            .y_label_area_size(76 * FINE)
            .build_cartesian_2d(x.clone(), y.clone())?;
        draw_minor_lines(&mut chart, &x, &y, self.x.logarithmic)?;
        self.draw_mesh(&mut chart, &x, &y)?;
        for (index, curve) in self.curves.iter().enumerate() {
            self.draw_curve(&mut chart, curve, color(index, self.curves.len()))?;
        }
        if self.curves.len() > 1 {
            self.draw_legend(&body)?;
        }
        root.present()?;
        Ok(())
    }

    fn draw_head(&self, area: &Drawing<'_>) -> Result<(), Box<dyn Error>> {
        let title = font(23).style(FontStyle::Bold).color(&INK);
        area.draw_text(&self.title, &title, (24 * FINE, 16 * FINE))?;
        for (line, note) in self.notes.iter().enumerate() {
            area.draw_text(note, &font(15).color(&FAINT), (24 * FINE, (47 + 19 * line as i32) * FINE))?;
        }
        Ok(())
    }

    fn draw_mesh(
        &self,
        chart: &mut Chart<'_, '_>,
        x: &Range<f64>,
        y: &Range<f64>,
    ) -> Result<(), Box<dyn Error>> {
        let decades = |range: &Range<f64>| (range.end.floor() - range.start.ceil()) as usize + 1;
        chart
            .configure_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(BLACK.mix(0.16).stroke_width(FINE as u32))
            .axis_style(INK.stroke_width(FINE as u32))
            .set_all_tick_mark_size(5 * FINE)
            .x_labels(if self.x.logarithmic { decades(x).max(2) } else { 11 })
            .y_labels(decades(y).max(2))
            .x_label_formatter(&|&value| {
                if self.x.logarithmic { decade(value) } else { units::significant(value) }
            })
            .y_label_formatter(&|&value| decade(value))
            .x_desc(self.x.label)
            .y_desc(self.y_label)
            .label_style(font(17).color(&INK))
            .axis_desc_style(font(19).color(&INK))
            .draw()?;
        Ok(())
    }

    /// Lines between neighbours that both have a key, and a dot where a curve ends before the axis does.
    fn draw_curve(
        &self,
        chart: &mut Chart<'_, '_>,
        curve: &Curve,
        color: RGBColor,
    ) -> Result<(), Box<dyn Error>> {
        let last = curve.points.as_ptr_range().end;
        for part in curve.points.split(|&(_, rate)| rate <= 0.0).filter(|part| !part.is_empty()) {
            let places: Vec<_> = part.iter().map(|&point| self.place(point)).collect();
            let dots = match part.as_ptr_range().end == last {
                _ if curve.points.len() < FEW_POINTS => 0..places.len(),
                true => places.len()..places.len(),
                false => places.len() - 1..places.len(),
            };
            let dot = |&place: &(f64, f64)| Circle::new(place, 4 * FINE, color.filled());
            chart.draw_series(places[dots].iter().map(dot))?;
            chart.draw_series(LineSeries::new(places, color.stroke_width(3 * FINE as u32)))?;
        }
        Ok(())
    }

    /// In the corner that falling curves leave free, the highest curve first.
    fn draw_legend(&self, body: &Drawing<'_>) -> Result<(), Box<dyn Error>> {
        let right = SIZE.0 - 44;
        let style = font(17).color(&INK).pos(Pos::new(HPos::Right, VPos::Center));
        for (row, (index, curve)) in self.curves.iter().enumerate().rev().enumerate() {
            let middle = (18 + 24 * row as i32) * FINE;
            let line = vec![((right - 34) * FINE, middle), (right * FINE, middle)];
            let color = color(index, self.curves.len());
            body.draw(&PathElement::new(line, color.stroke_width(3 * FINE as u32)))?;
            body.draw_text(&curve.name, &style, ((right - 44) * FINE, middle))?;
        }
        Ok(())
    }
}

/// Lines at 2, 3, … 9 in each decade.
fn draw_minor_lines(
    chart: &mut Chart<'_, '_>,
    x: &Range<f64>,
    y: &Range<f64>,
    both: bool,
) -> Result<(), Box<dyn Error>> {
    let minor = |range: &Range<f64>| -> Vec<f64> {
        let decades = range.start.floor() as i32..range.end.ceil() as i32;
        let digits =
            decades.flat_map(|decade| (2..10).map(move |digit| (f64::from(decade), f64::from(digit))));
        digits.map(|(decade, digit)| decade + digit.log10()).filter(|at| range.contains(at)).collect()
    };
    let style = BLACK.mix(0.05).stroke_width(FINE as u32);
    let across = |at| PathElement::new(vec![(x.start, at), (x.end, at)], style);
    chart.draw_series(minor(y).into_iter().map(across))?;
    if both {
        let upright = |at| PathElement::new(vec![(at, y.start), (at, y.end)], style);
        chart.draw_series(minor(x).into_iter().map(upright))?;
    }
    Ok(())
}

fn font(size: i32) -> FontDesc<'static> {
    (FONT, size * FINE).into_font()
}

/// The least and the greatest of the finite values.
fn span(values: &[f64]) -> Option<(f64, f64)> {
    let finite = || values.iter().copied().filter(|value| value.is_finite());
    Some((finite().reduce(f64::min)?, finite().reduce(f64::max)?))
}

/// `10⁻⁵` for −5; nothing between the decades.
fn decade(value: f64) -> String {
    let exponent = value.round() as i32;
    match exponent {
        _ if (value - value.round()).abs() > 1e-9 => String::new(),
        0 => "1".to_owned(),
        exponent => format!("10{}", units::superscript(&exponent.to_string())),
    }
}

/// The colour of a curve: its place on the way through the palette.
fn color(index: usize, curves: usize) -> RGBColor {
    let place = if curves > 1 { index as f64 / (curves - 1) as f64 } else { 1.0 };
    let place = place * (PALETTE.len() - 1) as f64;
    let from = (place as usize).min(PALETTE.len() - 2);
    let mix =
        |a: u8, b: u8| (f64::from(a) + (place - from as f64) * (f64::from(b) - f64::from(a))).round() as u8;
    let (a, b) = (PALETTE[from], PALETTE[from + 1]);
    RGBColor(mix(a.0, b.0), mix(a.1, b.1), mix(a.2, b.2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plot(curves: Vec<Curve>) -> Plot {
        Plot {
            title: "A & B".to_owned(),
            notes: vec!["f = 1.16".to_owned()],
            x: Axis { label: "fibre length (km)", logarithmic: false },
            y_label: "secret key (bits per pulse)",
            curves,
        }
    }

    fn curve(name: &str, points: &[(f64, f64)]) -> Curve {
        Curve { name: name.to_owned(), points: points.to_vec() }
    }

    #[test]
    fn axes_have_units_and_every_curve_is_named() {
        let svg = plot(vec![
            curve("10⁴ sifted bits", &[(0.0, 3e-4), (50.0, 2e-6), (100.0, 0.0)]),
            curve("10⁵ sifted bits", &[(0.0, 2e-3), (50.0, 1e-4), (100.0, 1e-5)]),
        ])
        .svg()
        .expect("a plot");
        assert!(
            svg.starts_with("<svg width=\"960\" height=\"620\" viewBox=\"0 0 3840 2480\""),
            "{}",
            &svg[..90]
        );
        for word in [
            "A &amp; B",
            "f = 1.16",
            "km",
            "bits per pulse",
            "10⁴ sifted",
            "10⁵ sifted",
            "10⁻²",
            "10⁻⁶",
            "100",
        ] {
            assert!(svg.contains(word), "{word}");
        }
        // The lower curve ends early.
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
    }

    #[test]
    fn without_a_key_there_is_nothing_to_draw() {
        assert!(plot(vec![curve("", &[(0.0, 0.0), (50.0, 0.0)])]).svg().is_none());
        assert!(plot(vec![curve("", &[(0.0, 0.0), (50.0, 1e-5)])]).svg().is_some());
    }
}
