//! One behaviour a file.

mod clocks;
mod garbage;
mod keyframes;
mod loss;
mod paths;
mod policy;
mod reconnect;
mod slow_signalling;
mod tracks;
mod watch;

mod vanish;
