package runlog

// Scan reads a line without encoding/json; ok is false where it cannot.
func (d *Decoder) Scan(line []byte) (Row, bool) { return d.scan(line) }

// DecodeRow reads a line by encoding/json.
func DecodeRow(line []byte) (Row, error) { return decodeRow(line) }
