// Package xmlpart reads the XML parts of packed workbooks, within limits of size.
package xmlpart

import (
	"archive/zip"
	"errors"
	"io"
	"strings"

	"github.com/regulars/regulars/internal/sheet/unpack"
)

// Package is a zip archive of parts.
type Package struct {
	src   *unpack.Stream
	parts map[string]*zip.File
	limit int64 // maximum unpacked bytes of all parts together
}

// NewPackage returns the parts of an archive in src, which is not packed itself.
func NewPackage(src *unpack.Stream, archive *zip.Reader, limit int64) *Package {
	k := &Package{src: src, parts: map[string]*zip.File{}, limit: limit}
	for _, f := range archive.File {
		k.parts[partKey(f.Name)] = f
	}
	return k
}

// Check rejects packages that are encrypted or unpack to more than the limit.
func (k *Package) Check(archive *zip.Reader) error {
	total := int64(0)
	for _, f := range archive.File {
		if err := unpack.CheckEntry(f, k.limit); err != nil {
			return err
		}
		if total += int64(f.UncompressedSize64); total > k.limit {
			return unpack.OverLimit(k.limit)
		}
	}
	return nil
}

// partKey normalizes the name of a part: names are case-insensitive, and some
// writers use backslashes.
func partKey(name string) string {
	return strings.ToLower(strings.TrimPrefix(strings.ReplaceAll(name, `\`, "/"), "/"))
}

// Has reports whether the package has a part.
func (k *Package) Has(name string) bool { return k.parts[partKey(name)] != nil }

// Size is the unpacked size of a part, 0 if it is missing.
func (k *Package) Size(name string) int64 {
	if f := k.parts[partKey(name)]; f != nil {
		return int64(f.UncompressedSize64)
	}
	return 0
}

// PackedSize is the size of a part in the archive, 0 if it is missing.
func (k *Package) PackedSize(name string) int64 {
	if f := k.parts[partKey(name)]; f != nil {
		return int64(f.CompressedSize64)
	}
	return 0
}

// Open opens a part; nil if there is no such part.
func (k *Package) Open(name string) (*Part, error) {
	f := k.parts[partKey(name)]
	if f == nil {
		return nil, nil
	}
	r, err := f.Open()
	if err != nil {
		return nil, k.src.WrapError(err)
	}
	p := &Part{pkg: k, body: r, budget: partBudget}
	p.src = p
	return p, nil
}

// EachElement calls do for every start tag of a part. A missing part is not an
// error.
func (k *Package) EachElement(name string, do func(*Part)) error {
	p, err := k.Open(name)
	if p == nil || err != nil {
		return err
	}
	defer p.Close()
	for {
		kind, err := p.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if kind == StartTag {
			do(p)
		}
	}
}
