//! Colours and type of the charts: the tokens of `ui/src/styles/tokens.css`, as numbers.

use plotters::style::RGBColor;

/// First the family that the window bundles.
pub(super) const FONT_FAMILY: &str = "Inter Variable, Inter, sans-serif";
pub(super) const TITLE_PX: f64 = 13.0;
pub(super) const LABEL_PX: f64 = 11.0;
/// Mean advance of Inter's digits and lower case, in parts of the size; a little wide, so that estimates
/// leave room.
const ADVANCE: f64 = 0.6;

/// Which surface the chart will lie on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    Dark,
    Light,
}

/// The colours of one theme; text colours reach 4.5:1 and marks 3:1 on `surface-0` to `surface-2`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Palette {
    /// `--text-1`
    pub text: RGBColor,
    /// `--text-2`
    pub text_quiet: RGBColor,
    /// `--line`
    pub line: RGBColor,
    /// `--line-strong`, for marks without a meaning of their own
    pub neutral: RGBColor,
    /// `--accent`
    pub accent: RGBColor,
    /// `--critical`
    pub critical: RGBColor,
    /// `--warning`
    pub warning: RGBColor,
    /// `--info`
    pub info: RGBColor,
}

const LIGHT: Palette = Palette {
    text: rgb(0x15_181c),
    text_quiet: rgb(0x4c_545f),
    line: rgb(0xe1_e4e8),
    neutral: rgb(0x86_8e99),
    accent: rgb(0x33_50b0),
    critical: rgb(0xb3_231a),
    warning: rgb(0x85_5000),
    info: rgb(0x1c_5a9e),
};

const DARK: Palette = Palette {
    text: rgb(0xec_eef1),
    text_quiet: rgb(0xb0_b8c2),
    line: rgb(0x27_2c32),
    neutral: rgb(0x69_727e),
    accent: rgb(0x93_aaf7),
    critical: rgb(0xff_9186),
    warning: rgb(0xf0_b65e),
    info: rgb(0x86_baf2),
};

impl Theme {
    pub(super) fn palette(self) -> Palette {
        match self {
            Self::Dark => DARK,
            Self::Light => LIGHT,
        }
    }
}

const fn rgb(hex: u32) -> RGBColor {
    let [_, red, green, blue] = hex.to_be_bytes();
    RGBColor(red, green, blue)
}

/// Width of `text` at `size_px`, in whole pixels; an estimate on the wide side.
pub(super) fn text_width(text: &str, size_px: f64) -> i32 {
    let count = u16::try_from(text.chars().count()).unwrap_or(u16::MAX);
    to_px(f64::from(count) * ADVANCE * size_px)
}

/// Rounds to the pixel; not-a-number is 0, and what no screen holds is cut.
pub(super) fn to_px(value: f64) -> i32 {
    const FAR: f64 = 1e6;
    // `as` saturates, and the clamp keeps sums of pixels far from overflow.
    value.clamp(-FAR, FAR).round() as i32
}
