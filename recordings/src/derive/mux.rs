//! Fragmented MP4 through GStreamer's `isofmp4mux`, linked statically: a killed process leaves a file that plays up to
//! its last fragment. Coded samples with their times go in; nothing is decoded here.

use std::path::Path;
use std::sync::OnceLock;

use gst::prelude::*;
use gst_app::{AppSrc, AppStreamType};

/// What the file holds.
#[derive(Clone, Debug)]
pub enum Format<'a> {
    Opus {
        channels: u8,
    },
    Vp8 {
        width: u32,
        height: u32,
    },
    H264 {
        width: u32,
        height: u32,
        configuration: &'a [u8],
    },
}

#[derive(Clone, Debug)]
pub struct Sample {
    /// From the file's beginning, ns; rising.
    pub pts_ns: u64,
    pub duration_ns: u64,
    pub key: bool,
    pub data: Vec<u8>,
}

/// One file being written. Dropped unfinished, it stops.
#[derive(Debug)]
pub struct Muxer {
    pipeline: gst::Pipeline,
    source: AppSrc,
}

/// For the log and the caller's error; GStreamer's errors have no common type worth keeping.
pub type Detail = String;

const FRAGMENT: gst::ClockTime = gst::ClockTime::from_seconds(2);
/// Bytes on their way to the muxer before [`Muxer::push`] waits.
const QUEUED: u64 = 4 << 20;
const PATIENCE: gst::ClockTime = gst::ClockTime::from_seconds(120);

fn init() -> Result<(), Detail> {
    static DONE: OnceLock<Result<(), Detail>> = OnceLock::new();
    let done = DONE.get_or_init(|| {
        gst::init().map_err(text)?;
        gstfmp4::plugin_register_static().map_err(text)
    });
    done.clone()
}

fn text(error: impl std::fmt::Display) -> Detail {
    error.to_string()
}

impl Muxer {
    /// # Errors
    /// When GStreamer lacks an element or the file cannot be made.
    pub fn create(path: &Path, format: &Format<'_>) -> Result<Self, Detail> {
        init()?;
        let source = AppSrc::builder()
            .caps(&caps(format))
            .format(gst::Format::Time)
            .stream_type(AppStreamType::Stream)
            .block(true)
            .max_bytes(QUEUED)
            .build();
        let muxer = gst::ElementFactory::make("isofmp4mux")
            .property("fragment-duration", FRAGMENT)
            // Chunks bound memory where keyframes, at which alone a fragment may begin, are minutes apart.
            .property("chunk-duration", FRAGMENT)
            .property("send-force-keyunit", false)
            .property("write-mehd", true)
            .property("write-mfra", true)
            .property_from_str("header-update-mode", "rewrite")
            .build()
            .map_err(text)?;
        let sink = gst::ElementFactory::make("filesink")
            .property("location", path)
            .property("sync", false)
            .build()
            .map_err(text)?;
        let pipeline = gst::Pipeline::new();
        pipeline
            .add_many([source.upcast_ref(), &muxer, &sink])
            .map_err(text)?;
        let pad = muxer.request_pad_simple("sink_%u").ok_or("no pad")?;
        let ticks: u32 = match format {
            Format::Opus { .. } => 48_000,
            Format::Vp8 { .. } | Format::H264 { .. } => 90_000,
        };
        pad.set_property("trak-timescale", ticks);
        let out = source.static_pad("src").ok_or("no pad")?;
        out.link(&pad).map_err(text)?;
        muxer.link(&sink).map_err(text)?;
        pipeline.set_state(gst::State::Playing).map_err(text)?;
        Ok(Self { pipeline, source })
    }

    /// # Errors
    /// When an element failed.
    pub fn push(&mut self, sample: Sample) -> Result<(), Detail> {
        let mut buffer = gst::Buffer::from_mut_slice(sample.data);
        let pts = gst::ClockTime::from_nseconds(sample.pts_ns);
        let fields = buffer.get_mut().ok_or("shared buffer")?;
        fields.set_pts(pts);
        fields.set_dts(pts);
        fields.set_duration(gst::ClockTime::from_nseconds(sample.duration_ns));
        if !sample.key {
            fields.set_flags(gst::BufferFlags::DELTA_UNIT);
        }
        match self.source.push_buffer(buffer) {
            Ok(_) => Ok(()),
            Err(flow) => Err(self.error().unwrap_or_else(|| text(flow))),
        }
    }

    /// Writes the end of the file.
    ///
    /// # Errors
    /// When an element failed.
    pub fn finish(self) -> Result<(), Detail> {
        self.source.end_of_stream().map_err(text)?;
        let bus = self.pipeline.bus().ok_or("no bus")?;
        let kinds = [gst::MessageType::Eos, gst::MessageType::Error];
        match bus.timed_pop_filtered(PATIENCE, &kinds) {
            Some(message) => match message.view() {
                gst::MessageView::Error(error) => Err(text(error.error())),
                _ => Ok(()),
            },
            None => Err("did not end".to_owned()),
        }
    }

    fn error(&self) -> Option<Detail> {
        let message = self
            .pipeline
            .bus()?
            .pop_filtered(&[gst::MessageType::Error])?;
        match message.view() {
            gst::MessageView::Error(error) => Some(text(error.error())),
            _ => None,
        }
    }
}

impl Drop for Muxer {
    fn drop(&mut self) {
        // Stopping cannot fail in a way that could be mended here.
        let _ = self.pipeline.set_state(gst::State::Null);
    }
}

fn caps(format: &Format<'_>) -> gst::Caps {
    match format {
        Format::Opus { channels } => gst::Caps::builder("audio/x-opus")
            .field("rate", 48_000_i32)
            .field("channels", i32::from(*channels))
            .field("channel-mapping-family", 0_i32)
            .build(),
        Format::Vp8 { width, height } => gst::Caps::builder("video/x-vp8")
            .field("width", *width as i32)
            .field("height", *height as i32)
            .build(),
        Format::H264 {
            width,
            height,
            configuration,
        } => gst::Caps::builder("video/x-h264")
            .field("stream-format", "avc3")
            .field("alignment", "au")
            .field("width", *width as i32)
            .field("height", *height as i32)
            .field(
                "codec_data",
                gst::Buffer::from_slice(configuration.to_vec()),
            )
            .build(),
    }
}
