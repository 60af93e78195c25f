//! Places and the way between them.

use serde::{Deserialize, Serialize};

/// A point on the map, in degrees (WGS 84).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Place {
    pub lat: f64,
    pub lng: f64,
}

/// The country's bounding box, with a margin: coordinates outside it are typing errors.
const LATITUDES: std::ops::RangeInclusive<f64> = -35.5..=-21.5;
const LONGITUDES: std::ops::RangeInclusive<f64> = 15.5..=33.5;

/// A store that lies farther than this from where its order is delivered has wrong coordinates: nobody
/// delivers groceries that far.
pub const DELIVERY_METRES_MAX: i64 = 50_000;

/// Mean radius of the earth (IUGG).
const EARTH_METRES: f64 = 6_371_008.8;

impl Place {
    /// A place in the country, or `None` for coordinates that are missing, swapped or mistyped.
    pub fn believed(lat: Option<f64>, lng: Option<f64>) -> Option<Self> {
        let (lat, lng) = (lat?, lng?);
        (LATITUDES.contains(&lat) && LONGITUDES.contains(&lng)).then_some(Place { lat, lng })
    }

    /// Great-circle distance in whole metres, by the haversine formula.
    pub fn metres_to(self, other: Place) -> i64 {
        let half = |from: f64, to: f64| ((to - from).to_radians() / 2.0).sin().powi(2);
        let slope = self.lat.to_radians().cos() * other.lat.to_radians().cos();
        let a = half(self.lat, other.lat) + slope * half(self.lng, other.lng);
        (2.0 * EARTH_METRES * a.sqrt().min(1.0).asin()).round() as i64
    }
}

/// The way of a card from where it last was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Travel {
    pub from_store: String,
    pub metres: i64,
    pub elapsed_ms: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_of_the_map() {
        let sandton = Place { lat: -26.1076, lng: 28.0567 };
        let gardens = Place { lat: -33.9342, lng: 18.4128 };
        let metres = sandton.metres_to(gardens);
        assert!((1_255_000..1_275_000).contains(&metres), "Johannesburg to Cape Town is {metres} m");
        assert_eq!(sandton.metres_to(sandton), 0);
        assert_eq!(metres, gardens.metres_to(sandton));
    }

    #[test]
    fn mistyped_coordinates_are_not_believed() {
        for (lat, lng) in [
            (Some(26.1), Some(28.0)),
            (Some(28.0), Some(-26.1)),
            (Some(0.0), Some(0.0)),
            (None, Some(28.0)),
            (Some(-26.1), None),
            (Some(f64::NAN), Some(28.0)),
        ] {
            assert_eq!(Place::believed(lat, lng), None, "{lat:?} {lng:?}");
        }
        assert!(Place::believed(Some(-26.1), Some(28.0)).is_some());
    }
}
