package files

import "bytes"

// For fuzzing, what readers make of bytes without a file.
func OpenZipBytes(b []byte) (Collection, error) {
	c, err := openZip(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return nil, err
	}
	return c, nil
}

func DecodeBytes(b []byte) (Picture, error) { return decode(b, nil) }

func TarBytes(b []byte) (Collection, error) {
	batches, err := tarBatches(bytes.NewReader(b), false)
	if err != nil {
		return nil, err
	}
	return readCIFAR("fuzz", batches)
}

func BatchBytes(name string, b []byte) (Collection, error) {
	return readCIFAR("fuzz", []cifarBatch{{name, b}})
}
