package tensorboard_test

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
)

// The reader below knows nothing of the writer: it checks the frames and lists
// what the messages say, written from the format's description.

// record is what one Event says.
type record struct {
	wall    float64
	step    int64
	version string
	session bool // SessionLog.START
	scalars map[string]float32
	images  map[string]picture
	texts   map[string]string
}

type picture struct {
	height, width, colours uint64
	png                    []byte
}

// parse reads a whole event file; rest is what a torn end leaves.
func parse(file []byte) (records []record, rest int, err error) {
	crc := func(b []byte) uint32 {
		c := crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli))
		return c>>15 + c<<17 + 0xa282ead8
	}
	for len(file) > 0 {
		if len(file) < 12 {
			return records, len(file), nil
		}
		length := binary.LittleEndian.Uint64(file)
		if got, want := binary.LittleEndian.Uint32(file[8:]), crc(file[:8]); got != want {
			return records, len(file), fmt.Errorf("record %d: checksum of the length %08x, want %08x", len(records), got, want)
		}
		if uint64(len(file)) < 16+length {
			return records, len(file), nil
		}
		data := file[12 : 12+length]
		if got, want := binary.LittleEndian.Uint32(file[12+length:]), crc(data); got != want {
			return records, len(file), fmt.Errorf("record %d: checksum of the data %08x, want %08x", len(records), got, want)
		}
		r, err := parseEvent(data)
		if err != nil {
			return records, len(file), fmt.Errorf("record %d: %w", len(records), err)
		}
		records = append(records, r)
		file = file[16+length:]
	}
	return records, 0, nil
}

// fields calls f for every field of a message: with its number, and its value
// as an integer or as bytes.
func fields(b []byte, f func(number uint64, n uint64, content []byte) error) error {
	for len(b) > 0 {
		tag, size := binary.Uvarint(b)
		if size <= 0 {
			return fmt.Errorf("tag: torn varint")
		}
		b = b[size:]
		var n uint64
		var content []byte
		switch tag & 7 {
		case 0:
			if n, size = binary.Uvarint(b); size <= 0 {
				return fmt.Errorf("field %d: torn varint", tag>>3)
			}
			b = b[size:]
		case 1:
			n, b = binary.LittleEndian.Uint64(b), b[8:]
		case 2:
			length, size := binary.Uvarint(b)
			if size <= 0 || uint64(len(b)-size) < length {
				return fmt.Errorf("field %d: torn content", tag>>3)
			}
			content, b = b[size:size+int(length)], b[size+int(length):]
		case 5:
			n, b = uint64(binary.LittleEndian.Uint32(b)), b[4:]
		default:
			return fmt.Errorf("field %d: wire type %d", tag>>3, tag&7)
		}
		if err := f(tag>>3, n, content); err != nil {
			return fmt.Errorf("field %d: %w", tag>>3, err)
		}
	}
	return nil
}

func parseEvent(b []byte) (record, error) {
	r := record{scalars: map[string]float32{}, images: map[string]picture{}, texts: map[string]string{}}
	err := fields(b, func(number, n uint64, content []byte) error {
		switch number {
		case 1:
			r.wall = math.Float64frombits(n)
		case 2:
			r.step = int64(n)
		case 3:
			r.version = string(content)
		case 5:
			return fields(content, func(number, _ uint64, content []byte) error { return r.value(content) })
		case 7:
			return fields(content, func(number, n uint64, _ []byte) error {
				r.session = number == 1 && n == 1
				return nil
			})
		default:
			return fmt.Errorf("unknown")
		}
		return nil
	})
	return r, err
}

// value reads one Summary.Value.
func (r *record) value(b []byte) error {
	var tag, plugin string
	return fields(b, func(number, n uint64, content []byte) error {
		switch number {
		case 1:
			tag = string(content)
		case 2:
			r.scalars[tag] = math.Float32frombits(uint32(n))
		case 4:
			var p picture
			err := fields(content, func(number, n uint64, content []byte) error {
				switch number {
				case 1:
					p.height = n
				case 2:
					p.width = n
				case 3:
					p.colours = n
				case 4:
					p.png = content
				}
				return nil
			})
			r.images[tag] = p
			return err
		case 8:
			return fields(content, func(number, _ uint64, content []byte) error {
				if number == 8 {
					r.texts[tag] = string(content)
				}
				return nil
			})
		case 9:
			return fields(content, func(number, _ uint64, content []byte) error {
				if number != 1 {
					return nil
				}
				return fields(content, func(_, _ uint64, content []byte) error {
					if plugin = string(content); plugin != "text" {
						return fmt.Errorf("plugin %q, want text", plugin)
					}
					return nil
				})
			})
		default:
			return fmt.Errorf("unknown")
		}
		return nil
	})
}
