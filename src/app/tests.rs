//! Messages in, state and effects out.

use super::*;
