package tensorboard

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// The encoders below append messages of TensorFlow's event.proto, summary.proto
// and tensor.proto field by field; the numbers are those of the fields there.

const (
	fileVersion  = "brain.Event:2" // that session records count
	sessionStart = 1               // SessionLog.START
	dtString     = 7               // DataType.DT_STRING
	tensorClass  = 2               // DataClass.DATA_CLASS_TENSOR
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// maskedCRC is CRC-32C rotated and offset, so that the checksum of data that
// holds checksums stays a good one.
func maskedCRC(b []byte) uint32 {
	crc := crc32.Checksum(b, castagnoli)
	return (crc>>15 | crc<<17) + 0xa282ead8
}

// appendRecord frames data as a TFRecord: its length, the length's checksum, the
// data, the data's checksum, all little-endian.
func appendRecord(b, data []byte) []byte {
	length := binary.LittleEndian.AppendUint64(nil, uint64(len(data)))
	b = append(b, length...)
	b = binary.LittleEndian.AppendUint32(b, maskedCRC(length))
	b = append(b, data...)
	return binary.LittleEndian.AppendUint32(b, maskedCRC(data))
}

// event returns an Event whose content is field what, encoded as bytes.
func event(at time.Time, nimg int64, what protowire.Number, content []byte) []byte {
	b := appendDouble(nil, 1, float64(at.UnixMicro())/1e6)
	b = appendInt(b, 2, nimg)
	return appendBytes(b, what, content)
}

func versionEvent(at time.Time) []byte { return event(at, 0, 3, []byte(fileVersion)) }

func summaryEvent(at time.Time, nimg int64, values []byte) []byte {
	return event(at, nimg, 5, values)
}

// sessionEvent makes TensorBoard forget every step from nimg on.
func sessionEvent(at time.Time, nimg int64) []byte {
	return event(at, nimg, 7, appendInt(nil, 1, sessionStart))
}

// The append…Value functions add one value to a Summary.

func appendScalarValue(summary []byte, tag string, x float64) []byte {
	value := appendBytes(nil, 1, []byte(tag))
	value = protowire.AppendTag(value, 2, protowire.Fixed32Type)
	value = protowire.AppendFixed32(value, math.Float32bits(float32(x)))
	return appendBytes(summary, 1, value)
}

// appendImageValue adds a PNG file of the given size; colours is 1 for gray and
// 3 for RGB.
func appendImageValue(summary []byte, tag string, png []byte, height, width, colours int) []byte {
	image := appendInt(nil, 1, int64(height))
	image = appendInt(image, 2, int64(width))
	image = appendInt(image, 3, int64(colours))
	image = appendBytes(image, 4, png)
	value := appendBytes(nil, 1, []byte(tag))
	return appendBytes(summary, 1, appendBytes(value, 4, image))
}

// appendTextValue adds Markdown for the text plugin: a string tensor without
// dimensions.
func appendTextValue(summary []byte, tag, markdown string) []byte {
	tensor := appendInt(nil, 1, dtString)
	tensor = appendBytes(tensor, 2, nil)
	tensor = appendBytes(tensor, 8, []byte(markdown))

	plugin := appendBytes(nil, 1, []byte("text"))
	metadata := appendInt(appendBytes(nil, 1, plugin), 4, tensorClass)

	value := appendBytes(nil, 1, []byte(tag))
	value = appendBytes(value, 8, tensor)
	return appendBytes(summary, 1, appendBytes(value, 9, metadata))
}

func appendInt(b []byte, field protowire.Number, n int64) []byte {
	b = protowire.AppendTag(b, field, protowire.VarintType)
	return protowire.AppendVarint(b, uint64(n))
}

func appendDouble(b []byte, field protowire.Number, x float64) []byte {
	b = protowire.AppendTag(b, field, protowire.Fixed64Type)
	return protowire.AppendFixed64(b, math.Float64bits(x))
}

func appendBytes(b []byte, field protowire.Number, content []byte) []byte {
	b = protowire.AppendTag(b, field, protowire.BytesType)
	return protowire.AppendBytes(b, content)
}
