//! What a person reads: how to check the package, with and without our tool.

use kanjie_evidence::Signer;
use kanjie_evidence::package::Copy;

use super::PackageInput;

/// `data/VERIFY.txt`. Indented lines are commands; together they run in the package's directory as they stand.
pub fn verify(input: &PackageInput<'_>, signer: &dyn Signer) -> String {
    let (copy_zh, copy_en) = match input.copy {
        Copy::Full => ("全本", "the full copy"),
        Copy::Applicant => (
            "申请人副本（内部合议等依法不予提供的内容只留校验值，仍可核验）",
            "the applicant's copy (of what is lawfully withheld, such as deliberations, it holds digests only, and still verifies)",
        ),
    };
    let commands = commands(signer);
    format!(
        "{TEMPLATE_ZH}\n\n{TEMPLATE_EN}",
        TEMPLATE_ZH = ZH
            .replace("{session}", &input.session)
            .replace("{case_no}", &input.case_no)
            .replace("{copy}", copy_zh)
            .replace("{key}", &signer.key_id().to_string())
            .replace("{commands}", &commands),
        TEMPLATE_EN = EN
            .replace("{copy}", copy_en)
            .replace("{key}", &signer.key_id().to_string()),
    )
}

/// With `sha256sum`, `perl` and `openssl`, which nearly every Linux has.
fn commands(signer: &dyn Signer) -> String {
    format!(
        r#"    sha256sum --quiet -c manifest-sha256.txt tagmanifest-sha256.txt
    w=$(mktemp -d)
    (printf 'kanjie package v1\n'; cat tagmanifest-sha256.txt) > "$w/message"
    perl -e 'print pack "H*", "302a300506032b6570032100{public}"' | openssl pkey -pubin -inform DER -out "$w/key"
    sed 's/.*"signature":"\([0-9a-f]*\)".*/\1/' signatures/package.json | perl -ne 'chomp; print pack "H*", $_' > "$w/signature"
    openssl pkeyutl -verify -pubin -inkey "$w/key" -rawin -in "$w/message" -sigfile "$w/signature""#,
        public = signer.public()
    )
}

const ZH: &str = r"勘结 · 会审档案包核验说明

会审编号：{session}
办件编号：{case_no}
本包为：{copy}

一、这是什么
本包是一次远程联合会审的完整记录：每一步操作（data/journal.jsonl）、录音录像原始数据（data/recording）、可直接播放的音视频
（data/media）、现场照片（data/stills）、文书（data/documents）和会审回执（data/receipts）。各部分环环相扣，任何一个字节被改动、
删除或添加，核验都会指出。

二、用核验工具（离线，不需要服务器）
运行 kanjie-verify 加本目录的路径。手里有会审回执的，加 --receipt 和回执文件；知道审批机关公钥的，加 --key 和公钥。
结果为“完整”即未被改动；否则指出首处不符。
不给回执、也不给公钥时，只能说明“由同一把密钥签名且完整”，不能说明密钥是谁的。请用当场拿到的回执，或向审批机关另行取得的公钥
（编号 {key}）核对。

三、不用我们的工具
在本目录下依次执行（需要 sha256sum、perl、openssl 3）：

{commands}

最后一行显示“Signature Verified Successfully”，且前面没有报错，说明每个文件都与清单一致、清单由该密钥签名。
录音录像原始文件（.pcapng）可用 Wireshark 打开，选“解码为 RTP”。全部格式写在项目文档 docs/protocol/recording.md，
任何人都可据此自行编写核验程序。

四、播放
data/media 里的 .mp4 文件用浏览器或常用播放器打开；data/media/tracks.json 里的 start_us 是各轨在会审时间线上的起点（微秒）。
.mp4 由原始数据重新封装，没有重新编码；如有不一致，以 data/recording 为准。
";

const EN: &str = r"How to check this package

This is {copy} of the record of a remote joint review: every act (data/journal.jsonl), the recorded packets
(data/recording), playable files made from them (data/media), stills, documents and receipts. All parts hold each other:
one byte changed, removed or added is found.

With the tool, offline: run kanjie-verify with the path of this directory; add --receipt FILE if you hold a receipt, --key KEY
if you know the bureau's public key. Without either it can say that the package is whole and signed by one key ({key}),
not whose key that is.

Without our tool: the indented commands above. The last must print 'Signature Verified Successfully', the others nothing. The
packets (.pcapng) open in Wireshark (decode as RTP). All formats are written down in docs/protocol/recording.md, enough
for anybody to write a verifier.

To play: open the .mp4 files in a browser; start_us in data/media/tracks.json says where each begins on the session's time
line. They were repacked, not encoded anew; where they and data/recording differ, data/recording decides.
";

/// The UTC date of `us`, `2026-11-24`.
pub fn date(us: i64) -> String {
    // Days to civil date, proleptic Gregorian, eras of 400 years that begin in March.
    let days = us.div_euclid(86_400_000_000) + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::date;

    #[test]
    fn dates_are_civil() {
        for (days, text) in [
            (0, "1970-01-01"),
            (11_016, "2000-02-29"),
            (20_781, "2026-11-24"),
            (20_818, "2026-12-31"),
            (47_540, "2100-02-28"),
            (47_541, "2100-03-01"),
        ] {
            assert_eq!(date(days * 86_400_000_000 + 5), text);
        }
    }
}
