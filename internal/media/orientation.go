package media

import (
	"bytes"
	"encoding/binary"
	"image"
)

// orientation is how a camera says it was held, 1 to 8; 1 when the image does
// not say. What says it is not kept, so the pixels are turned instead.
// https://www.cipa.jp/std/documents/e/DC-X008-Translation-2019-E.pdf, 4.6.4 A
func orientation(kind string, content []byte) int {
	if kind != "image/jpeg" {
		return 1
	}
	for at := 2; at+4 <= len(content) && content[at] == 0xff; {
		marker, size := content[at+1], int(binary.BigEndian.Uint16(content[at+2:]))
		end := at + 2 + size
		if marker == 0xda || size < 2 || end > len(content) { // the pixels begin, or nonsense
			return 1
		}
		if exif, ok := bytes.CutPrefix(content[at+4:end], []byte("Exif\x00\x00")); marker == 0xe1 && ok {
			return orientationTag(exif)
		}
		at = end
	}
	return 1
}

// orientationTag looks through the first directory of a TIFF.
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
			if held := int(order.Uint16(tiff[entry+8:])); held >= 1 && held <= 8 {
				return held
			}
			return 1
		}
	}
	return 1
}

// upright turns and mirrors an image as its orientation asks.
func upright(from *image.NRGBA, held int) *image.NRGBA {
	if held == 1 {
		return from
	}
	width, height := from.Bounds().Dx(), from.Bounds().Dy()
	turned := image.Rect(0, 0, width, height)
	if held >= 5 {
		turned = image.Rect(0, 0, height, width)
	}
	to := image.NewNRGBA(turned)
	for y := range turned.Dy() {
		for x := range turned.Dx() {
			sx, sy := x, y
			if held >= 5 {
				sx, sy = y, x
			}
			if held == 2 || held == 3 || held == 7 || held == 8 {
				sx = width - 1 - sx
			}
			if held == 3 || held == 4 || held == 6 || held == 7 {
				sy = height - 1 - sy
			}
			to.SetNRGBA(x, y, from.NRGBAAt(sx, sy))
		}
	}
	return to
}
