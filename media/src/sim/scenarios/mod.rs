//! One behaviour a file.

mod bandwidth;
mod clocks;
mod garbage;
mod keyframes;
mod layers;
mod long;
mod loss;
mod pacing;
mod paths;
mod policy;
mod reconnect;
mod slow_signalling;
mod tracks;
mod watch;

mod vanish;
