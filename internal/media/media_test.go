package media_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/regulars/regulars/internal/blob"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/media"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

type fixture struct {
	*testing.T
	db        *sqldb.DB
	files     *blob.Dir
	library   *media.Library
	community string
}

func each(t *testing.T, test func(f *fixture)) {
	t.Helper()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		files, err := blob.Open(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = files.Close() })
		const communityID = "6a21d1c09f3b0c4d5e6f7a8c"
		if _, err := db.Exec(t.Context(), "INSERT INTO communities (id, name, settings, created_at, updated_at) VALUES ($1, 'Test', '{}', 0, 0)", communityID); err != nil {
			t.Fatal(err)
		}
		test(&fixture{t, db, files, media.New(db, files, clock.Clock{}), communityID})
	})
}

func (f *fixture) create(content []byte) (media.Picture, error) {
	return f.library.Create(f.Context(), media.Input{CommunityID: f.community, OwnerID: "u", Kind: media.Avatar, File: bytes.NewReader(content)})
}

// store creates, inserts and fetches a picture.
func (f *fixture) store(content []byte) (media.Picture, []byte) {
	f.Helper()
	p, err := f.create(content)
	if err != nil {
		f.Fatal(err)
	}
	if err := f.db.Tx(f.Context(), func(tx *sqldb.Tx) error { return media.Insert(f.Context(), tx, p) }); err != nil {
		f.Fatal(err)
	}
	_, file, err := f.library.Open(f.Context(), f.community, p.ID)
	if err != nil {
		f.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	got, err := io.ReadAll(file)
	if err != nil {
		f.Fatal(err)
	}
	return p, got
}

// picture is red on the left and blue on the right.
func picture(width, height int) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			c := color.NRGBA{R: 255, A: 255}
			if x >= width/2 {
				c = color.NRGBA{B: 255, A: 255}
			}
			m.SetNRGBA(x, y, c)
		}
	}
	return m
}

func encoded(t *testing.T, encode func(io.Writer) error) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := encode(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func encodePNG(t *testing.T, m image.Image) []byte {
	return encoded(t, func(w io.Writer) error { return png.Encode(w, m) })
}

func encodeJPEG(t *testing.T, m image.Image) []byte {
	return encoded(t, func(w io.Writer) error { return jpeg.Encode(w, m, nil) })
}

// chunk returns a chunk of a PNG.
func chunk(kind string, data []byte) []byte {
	out := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	body := append([]byte(kind), data...)
	return binary.BigEndian.AppendUint32(append(out, body...), crc32.ChecksumIEEE(body))
}

const tinyWebP = "UklGRh4AAABXRUJQVlA4TBEAAAAvAAAAAAfQ//73v/+BiOh/AAA="

func TestEveryTypeIsReencodedWithoutMetadata(t *testing.T) {
	each(t, func(f *fixture) {
		m := picture(8, 4)
		plain := encodePNG(f.T, m)
		noted := append(append(bytes.Clone(plain[:33]), chunk("tEXt", []byte("Comment\x00<script>secret</script>"))...), plain[33:]...)
		photo := withExif(encodeJPEG(f.T, m), 1)
		animation := encoded(f.T, func(w io.Writer) error { return gif.Encode(w, m, nil) })
		animation = append(animation, "<script>secret</script>"...)
		webp, err := base64.StdEncoding.DecodeString(tinyWebP)
		if err != nil {
			f.Fatal(err)
		}
		for name, row := range map[string]struct {
			content []byte
			kind    string
		}{
			"png": {noted, "image/png"}, "jpeg": {photo, "image/jpeg"}, "gif": {animation, "image/png"}, "webp": {webp, "image/png"},
		} {
			p, got := f.store(row.content)
			if p.Type != row.kind {
				f.Errorf("%s: type %s, want %s", name, p.Type, row.kind)
			}
			if bytes.Contains(got, []byte("secret")) || bytes.Contains(got, []byte("Exif")) {
				f.Errorf("%s: metadata is stored", name)
			}
			if int64(len(got)) != p.SizeBytes || p.Width == 0 {
				f.Errorf("%s: %d bytes, %+v", name, len(got), p)
			}
		}
	})
}

func TestLargePictureIsScaledDown(t *testing.T) {
	each(t, func(f *fixture) {
		p, got := f.store(encodePNG(f.T, picture(2000, 500)))
		config, err := png.DecodeConfig(bytes.NewReader(got))
		if err != nil || config.Width != 512 || config.Height != 128 || p.Width != 512 {
			f.Fatalf("%+v %+v (%v)", config, p, err)
		}
	})
}

// withExif adds an EXIF orientation to a JPEG.
func withExif(photo []byte, orientation byte) []byte {
	tiff := []byte("MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00")
	tiff = append(tiff, orientation, 0, 0, 0, 0, 0, 0)
	body := append([]byte("Exif\x00\x00"), tiff...)
	body = append(body, "secret"...)
	out := append([]byte{0xff, 0xd8, 0xff, 0xe1}, binary.BigEndian.AppendUint16(nil, uint16(len(body)+2))...)
	return append(append(out, body...), photo[2:]...)
}

func TestOrientationIsApplied(t *testing.T) {
	each(t, func(f *fixture) {
		photo := encodeJPEG(f.T, picture(64, 32)) // red left, blue right
		for orientation, red := range map[byte]image.Point{1: {8, 16}, 2: {56, 16}, 3: {56, 16}, 4: {8, 16}, 5: {16, 8}, 6: {16, 8}, 7: {16, 56}, 8: {16, 56}} {
			_, got := f.store(withExif(photo, orientation))
			m, err := jpeg.Decode(bytes.NewReader(got))
			if err != nil {
				f.Fatal(err)
			}
			if r, _, b, _ := m.At(red.X, red.Y).RGBA(); r < 0xa000 || b > 0x5000 {
				f.Errorf("held %d: red is not at %v of %v", orientation, red, m.Bounds())
			}
		}
	})
}

// pngOfSize returns a small PNG with these dimensions in its header.
func pngOfSize(width, height uint32) []byte {
	header := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, width), height)
	out := append([]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", append(header, 8, 6, 0, 0, 0))...)
	return append(out, chunk("IDAT", []byte{0x78, 0x9c, 3, 0, 0, 0, 0, 1})...)
}

func TestUnsafeFilesAreRejected(t *testing.T) {
	each(t, func(f *fixture) {
		good := encodePNG(f.T, picture(300, 200))
		for name, row := range map[string]struct {
			content []byte
			code    string
			status  int
		}{
			"a drawing with scripts":  {[]byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`), "image_type", 415},
			"a drawing with a prolog": {[]byte("<?xml version=\"1.0\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\"/>"), "image_type", 415},
			"a page":                  {[]byte("<html><script>alert(1)</script>"), "image_type", 415},
			"nothing":                 {nil, "image_type", 415},
			"a bitmap":                {append([]byte("BM"), make([]byte, 100)...), "image_type", 415},
			"a small bomb":            {pngOfSize(60_000, 60_000), "image_dimensions", 400},
			"a long bomb":             {pngOfSize(1<<31-1, 1), "image_dimensions", 400},
			"one that was cut off":    {good[:len(good)-40], "image_damaged", 400},
			"only a beginning":        {good[:20], "image_damaged", 400},
			"one that is too large":   {append(bytes.Clone(good), make([]byte, media.MaxBytes)...), "image_too_large", 413},
		} {
			_, err := f.create(row.content)
			if e := errs.From(err); e == nil || e.Code != row.code || e.Kind.Status() != row.status {
				f.Errorf("%s: %v, want %d %s", name, err, row.status, row.code)
			}
		}
	})
}

func TestPictureIsServedWithSafeHeaders(t *testing.T) {
	each(t, func(f *fixture) {
		p, content := f.store(encodePNG(f.T, picture(8, 4)))
		answer := httptest.NewRecorder()
		f.library.ServeHTTP(answer, httptest.NewRequestWithContext(f.Context(), "GET", media.Path(f.community, p.ID), nil))
		h := answer.Header()
		if answer.Code != 200 || !bytes.Equal(answer.Body.Bytes(), content) || h.Get("Content-Type") != "image/png" ||
			h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Content-Security-Policy") != "default-src 'none'; sandbox" {
			f.Fatalf("status %d, header %v", answer.Code, h)
		}
		other := media.Path("6a21d1c09f3b0c4d5e6f7a8b", p.ID)
		for _, path := range []string{other, "/media/", "/media/x/../y", media.Path(f.community, "6a21d1c09f3b0c4d5e6f7a8b")} {
			answer := httptest.NewRecorder()
			f.library.ServeHTTP(answer, httptest.NewRequestWithContext(f.Context(), "GET", path, nil))
			if answer.Code != 404 {
				f.Errorf("%s: status %d", path, answer.Code)
			}
		}
	})
}

func TestPicturesAreDeletedWithTheirOwner(t *testing.T) {
	each(t, func(f *fixture) {
		p, _ := f.store(encodePNG(f.T, picture(8, 4)))
		if used, err := f.library.UsesFile(f.Context(), p.FileID); err != nil || !used {
			f.Fatalf("the file of a picture is not in use (%v)", err)
		}
		err := f.db.Tx(f.Context(), func(tx *sqldb.Tx) error { return media.DeleteByOwner(f.Context(), tx, f.community, []string{"u"}) })
		if err != nil {
			f.Fatal(err)
		}
		if _, _, err := f.library.Open(f.Context(), f.community, p.ID); !errs.Is(err, "picture_not_found") {
			f.Fatal(err)
		}
		if used, err := f.library.UsesFile(f.Context(), p.FileID); err != nil || used {
			f.Fatalf("the file is in use (%v)", err)
		}
	})
}

func TestQueuedPicturesAreLimited(t *testing.T) {
	each(t, func(f *fixture) {
		var done sync.WaitGroup
		writers := make([]*io.PipeWriter, 16)
		for i := range writers {
			file, writer := io.Pipe()
			writers[i] = writer
			done.Go(func() {
				if _, err := f.library.Create(f.Context(), media.Input{CommunityID: f.community, OwnerID: "u", Kind: media.Avatar, File: file}); !errs.Is(err, "image_type") {
					f.Error(err)
				}
			})
			_, _ = writer.Write([]byte("no picture")) // returns when it is being read
		}
		_, err := f.create(nil)
		if e := errs.From(err); !errs.Is(err, "pictures_busy") || e.RetryAfter == 0 {
			f.Errorf("one over the limit: %v", err)
		}
		for _, writer := range writers {
			_ = writer.Close()
		}
		done.Wait()
		if _, err := f.create(nil); !errs.Is(err, "image_type") {
			f.Errorf("after the others: %v", err)
		}
	})
}
