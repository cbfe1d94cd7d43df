package media

import (
	"bytes"
	"encoding/binary"
	"image"
)

// orientation returns the EXIF orientation of an image, 1 to 8, or 1 if there
// is none. Metadata is dropped, so the pixels are rotated instead.
// https://www.cipa.jp/std/documents/e/DC-X008-Translation-2019-E.pdf, 4.6.4 A
func orientation(kind string, content []byte) int {
	if kind != "image/jpeg" {
		return 1
	}
	for at := 2; at+4 <= len(content) && content[at] == 0xff; {
		marker, size := content[at+1], int(binary.BigEndian.Uint16(content[at+2:]))
		end := at + 2 + size
		if marker == 0xda || size < 2 || end > len(content) { // start of scan, or malformed
			return 1
		}
		if exif, ok := bytes.CutPrefix(content[at+4:end], []byte("Exif\x00\x00")); marker == 0xe1 && ok {
			return orientationTag(exif)
		}
		at = end
	}
	return 1
}

// orientationTag searches the first directory of a TIFF.
func orientationTag(tiff []byte) int {
	if len(tiff) < 8 {
		return 1
	}
	var order binary.ByteOrder = binary.BigEndian
	if tiff[0] == 'I' {
		order = binary.LittleEndian
	}
	at := int64(order.Uint32(tiff[4:]))
	if at+2 > int64(len(tiff)) {
		return 1
	}
	entries := int64(order.Uint16(tiff[at:]))
	for i := range entries {
		entry := at + 2 + 12*i
		if entry+12 > int64(len(tiff)) {
			return 1
		}
		if order.Uint16(tiff[entry:]) == 0x0112 {
			if value := int(order.Uint16(tiff[entry+8:])); value >= 1 && value <= 8 {
				return value
			}
			return 1
		}
	}
	return 1
}

// applyOrientation rotates and mirrors an image.
func applyOrientation(from *image.NRGBA, value int) *image.NRGBA {
	if value == 1 {
		return from
	}
	width, height := from.Bounds().Dx(), from.Bounds().Dy()
	bounds := image.Rect(0, 0, width, height)
	if value >= 5 {
		bounds = image.Rect(0, 0, height, width)
	}
	to := image.NewNRGBA(bounds)
	for y := range bounds.Dy() {
		for x := range bounds.Dx() {
			sx, sy := x, y
			if value >= 5 {
				sx, sy = y, x
			}
			if value == 2 || value == 3 || value == 7 || value == 8 {
				sx = width - 1 - sx
			}
			if value == 3 || value == 4 || value == 6 || value == 7 {
				sy = height - 1 - sy
			}
			to.SetNRGBA(x, y, from.NRGBAAt(sx, sy))
		}
	}
	return to
}
