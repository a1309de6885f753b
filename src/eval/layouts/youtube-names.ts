/**
 * What people call a clip of a video, for these data sets are published as lists: whoever fetches the clips names
 * them. Without extension:
 *
 * - `ID` and `YID` (qiuqiangkong/audioset_tagging_cnn);
 * - `ID_30` (Labbeti/aac-datasets), `ID_000030` (hche11/VGGSound);
 * - `ID_30000` (the segment ids of AudioSet's strong labels) and `ID_30000_40000`;
 * - `ID_30_40`, and `YID_30.000_40.000` (DCASE 2017 and 2018).
 */
export function youtubeNames(id: string, startSeconds: number, endSeconds: number): readonly string[] {
  const [start, end] = [startSeconds, endSeconds].map((seconds) => Math.round(seconds * 1000)) as [
    number,
    number,
  ]
  const names = [
    id,
    `Y${id}`,
    `${id}_${Math.floor(startSeconds)}`,
    `${id}_${String(Math.floor(startSeconds)).padStart(6, '0')}`,
    `${id}_${start}`,
    `${id}_${start}_${end}`,
    `${id}_${Math.floor(startSeconds)}_${Math.floor(endSeconds)}`,
    `Y${id}_${startSeconds.toFixed(3)}_${endSeconds.toFixed(3)}`,
  ]
  return [...new Set(names)]
}
