//! The only source of chance in the demo world: one seeded generator, so that the same parameters give the
//! same world.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A seeded stream of choices.
pub(super) struct Dice(ChaCha8Rng);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// A whole number in `low..=high`; `low` where the range is empty.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        if high <= low {
            return low;
        }
        self.0.random_range(low..=high)
    }

    /// An index below `len`; 0 where `len` is 0.
    pub fn index(&mut self, len: usize) -> usize {
        if len < 2 {
            return 0;
        }
        self.0.random_range(0..len)
    }

    /// True in `permille` of 1,000 calls.
    pub fn chance(&mut self, permille: i64) -> bool {
        self.between(1, 1000) <= permille
    }

    /// One element of a list that is never empty.
    pub fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        assert!(!list.is_empty(), "every list of the demo world has entries");
        &list[self.index(list.len())]
    }

    /// Puts a list in a chance order.
    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            let other = self.index(last + 1);
            list.swap(last, other);
        }
    }

    /// `len` hexadecimal characters with a letter at least every fifth place, so that no digit run can look
    /// like a card number.
    pub fn hex(&mut self, len: usize) -> String {
        const DIGITS: &[u8] = b"0123456789abcdef";
        const LETTERS: &[u8] = b"abcdef";
        (0..len)
            .map(|place| {
                let from = if place % 5 == 4 { LETTERS } else { DIGITS };
                char::from(*self.pick(from))
            })
            .collect()
    }
}

/// Variants dealt in a chance order, each as often as its weight before any comes again, so that none is
/// missing by bad luck.
pub(super) struct Deck<T> {
    /// Dealt once, before the others.
    first: Vec<T>,
    cards: Vec<T>,
    next: usize,
}

impl<T: Copy> Deck<T> {
    pub fn new(first: &[T], weights: &[(T, usize)]) -> Self {
        let cards: Vec<T> =
            weights.iter().flat_map(|&(card, weight)| std::iter::repeat_n(card, weight)).collect();
        Self { first: first.to_vec(), cards, next: 0 }
    }

    pub fn deal(&mut self, dice: &mut Dice) -> T {
        if !self.first.is_empty() {
            let at = dice.index(self.first.len());
            return self.first.swap_remove(at);
        }
        if self.next == 0 {
            dice.shuffle(&mut self.cards);
        }
        let card = self.cards[self.next];
        self.next = (self.next + 1) % self.cards.len();
        card
    }
}
