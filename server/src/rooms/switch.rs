//! The relay as a room sees it: [`Transport`] behind one object, so that rooms need no type parameter and a test can
//! put a double in its place.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use kanjie_media::{
    DownOffer, Half, MediaError, Policy, RoomId, SeatId, SeatStats, Source, Tap, TrackId, Transport,
    View,
};

type Answer<'a, T> = BoxFuture<'a, Result<T, MediaError>>;

pub trait Switch: Send + Sync {
    fn open_room<'a>(&'a self, room: &'a RoomId, tap: Arc<dyn Tap>) -> Answer<'a, ()>;
    fn close_room<'a>(&'a self, room: &'a RoomId) -> BoxFuture<'a, ()>;
    fn answer_up<'a>(
        &'a self,
        room: &'a RoomId,
        seat: &'a SeatId,
        sdp: &'a str,
        sources: &'a [(String, Source)],
    ) -> Answer<'a, String>;
    fn offer_down<'a>(&'a self, room: &'a RoomId, seat: &'a SeatId) -> Answer<'a, DownOffer>;
    fn accept_down<'a>(
        &'a self,
        room: &'a RoomId,
        seat: &'a SeatId,
        generation: u64,
        sdp: &'a str,
    ) -> Answer<'a, ()>;
    fn set_policy<'a>(&'a self, room: &'a RoomId, policy: Policy) -> Answer<'a, ()>;
    fn set_views<'a>(
        &'a self,
        room: &'a RoomId,
        seat: &'a SeatId,
        views: Vec<View>,
    ) -> Answer<'a, ()>;
    fn close_half<'a>(
        &'a self,
        room: &'a RoomId,
        seat: &'a SeatId,
        half: Half,
    ) -> BoxFuture<'a, ()>;
    fn remove_seat<'a>(&'a self, room: &'a RoomId, seat: &'a SeatId) -> BoxFuture<'a, ()>;
    fn request_keyframe<'a>(&'a self, room: &'a RoomId, track: &'a TrackId) -> BoxFuture<'a, ()>;
    fn stats<'a>(&'a self, room: &'a RoomId) -> BoxFuture<'a, Vec<SeatStats>>;
}

impl<T: Transport> Switch for T {
    fn open_room<'a>(&'a self, room: &'a RoomId, tap: Arc<dyn Tap>) -> Answer<'a, ()> {
        Box::pin(Transport::open_room(self, room, tap))
    }

    fn close_room<'a>(&'a self, room: &'a RoomId) -> BoxFuture<'a, ()> {
        Box::pin(Transport::close_room(self, room))
    }

    fn answer_up<'a>(
        &'a self,
        room: &'a RoomId,
        seat: &'a SeatId,
        sdp: &'a str,
        sources: &'a [(String, Source)],
    ) -> Answer<'a, String> {
        Box::pin(Transport::answer_up(self, room, seat, sdp, sources))
    }

    fn offer_down<'a>(&'a self, room: &'a RoomId, seat: &'a SeatId) -> Answer<'a, DownOffer> {
        Box::pin(Transport::offer_down(self, room, seat))
    }

    fn accept_down<'a>(
        &'a self,
        room: &'a RoomId,
        seat: &'a SeatId,
        generation: u64,
        sdp: &'a str,
    ) -> Answer<'a, ()> {
        Box::pin(Transport::accept_down(self, room, seat, generation, sdp))
    }

    fn set_policy<'a>(&'a self, room: &'a RoomId, policy: Policy) -> Answer<'a, ()> {
        Box::pin(Transport::set_policy(self, room, policy))
    }

    fn set_views<'a>(
        &'a self,
        room: &'a RoomId,
        seat: &'a SeatId,
        views: Vec<View>,
    ) -> Answer<'a, ()> {
        Box::pin(Transport::set_views(self, room, seat, views))
    }

    fn close_half<'a>(
        &'a self,
        room: &'a RoomId,
        seat: &'a SeatId,
        half: Half,
    ) -> BoxFuture<'a, ()> {
        Box::pin(Transport::close_half(self, room, seat, half))
    }

    fn remove_seat<'a>(&'a self, room: &'a RoomId, seat: &'a SeatId) -> BoxFuture<'a, ()> {
        Box::pin(Transport::remove_seat(self, room, seat))
    }

    fn request_keyframe<'a>(&'a self, room: &'a RoomId, track: &'a TrackId) -> BoxFuture<'a, ()> {
        Box::pin(Transport::request_keyframe(self, room, track))
    }

    fn stats<'a>(&'a self, room: &'a RoomId) -> BoxFuture<'a, Vec<SeatStats>> {
        Box::pin(Transport::stats(self, room))
    }
}
