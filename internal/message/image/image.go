// Package image stores the images of messages and signs their addresses. Who may
// attach and see them is for package message.
package image

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/media"
	"github.com/regulars/regulars/internal/seal"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/text"
)

// Attachment is an image of a message, on the wire.
type Attachment struct {
	ID     string `json:"id"`
	Name   string `json:"name" doc:"The name of the uploaded file."`
	URL    string `json:"url" doc:"Valid for 24 hours; read the message again for another."`
	Type   string `json:"type" example:"image/png"`
	Size   int64  `json:"size" doc:"In bytes."`
	Width  int    `json:"width"`
	Height int    `json:"height"`
}

// Image is a stored image.
type Image struct {
	Attachment        // without URL
	OwnerID    string // a member; "": uploaded by a key and not sent yet
	Uploader   string // actor.Actor.Ref
	FileID     string
	Uses       int64 // messages that show it
	CreatedAt  int64 // Unix milliseconds; 0: no message shows it any longer, so it is deleted soon
}

const (
	unusedFor = 24 * time.Hour // until an unused image is deleted
	signedFor = 24 * time.Hour // until an address expires
	maxName   = 200            // characters
)

// Fresh reports whether a first message may still show the image.
func (i *Image) Fresh(now time.Time) bool {
	return i.Uses == 0 && i.CreatedAt > now.Add(-unusedFor).UnixMilli()
}

// Deps are the parts that Images uses.
type Deps struct {
	DB       *sqldb.DB
	Clock    clock.Clock
	Pictures *media.Library
	Keys     *seal.Keyring // signs addresses
	BaseURL  func() string
}

// Images are the images of all communities. It is safe for concurrent use.
type Images struct{ Deps }

// New returns the Images of a database.
func New(d Deps) *Images { return &Images{d} }

// Store re-encodes an upload and stores its file. The image is usable after Insert.
// It fails as media.Library.Create does.
func (s *Images) Store(ctx context.Context, name string, file io.Reader) (Image, error) {
	p, err := s.Pictures.Create(ctx, media.Input{Kind: media.Message, File: file})
	if err != nil {
		return Image{}, err
	}
	shown, ok := text.Line(text.FileName(name, "image"), maxName)
	if !ok {
		shown = "image"
	}
	return Image{
		Attachment: Attachment{ID: p.ID, Name: shown, Type: p.Type, Size: p.SizeBytes, Width: p.Width, Height: p.Height}, FileID: p.FileID, CreatedAt: p.CreatedAt,
	}, nil
}

// Discard deletes the files of images that are not inserted.
func (s *Images) Discard(ctx context.Context, list []Image) error {
	var failures []error
	for _, one := range list {
		failures = append(failures, s.Pictures.DeleteFile(ctx, one.FileID))
	}
	return errors.Join(failures...)
}

// Insert adds a stored image to a community, in the transaction of the caller.
func Insert(ctx context.Context, tx *sqldb.Tx, communityID string, one Image) error {
	return insert(ctx, tx, communityID, one)
}

// Of returns the images of messages in their order, by message, with addresses.
func (s *Images) Of(ctx context.Context, q sqldb.Querier, communityID string, messageIDs []string) (map[string][]Attachment, error) {
	found, err := selectAttachments(ctx, q, communityID, messageIDs)
	byMessage := make(map[string][]Attachment, len(found))
	for _, a := range found {
		a.URL = s.URL(communityID, a.ID)
		byMessage[a.messageID] = append(byMessage[a.messageID], a.Attachment)
	}
	return byMessage, err
}

// IDs returns the images of a message in their order.
func IDs(ctx context.Context, q sqldb.Querier, communityID, messageID string) ([]string, error) {
	return selectIDs(ctx, q, communityID, messageID)
}

// Lock returns images by id, locked until the end of the transaction. Unknown ids
// are left out.
func Lock(ctx context.Context, tx *sqldb.Tx, communityID string, ids []string) (map[string]Image, error) {
	list, err := lockImages(ctx, tx, communityID, ids)
	byID := make(map[string]Image, len(list))
	for _, one := range list {
		byID[one.ID] = one
	}
	return byID, err
}

// Attach shows locked images in a message, in this order. Images without an owner
// become those of its author.
func Attach(ctx context.Context, tx *sqldb.Tx, communityID, messageID, authorID string, ids []string) error {
	if len(ids) == 0 {
		return nil // a statement without effect takes a tenth of the time of a send
	}
	for position, imageID := range ids {
		if err := insertAttachment(ctx, tx, communityID, messageID, imageID, position); err != nil {
			return err
		}
	}
	return addUses(ctx, tx, communityID, authorID, ids)
}

// Detach removes all images from messages. Those that no other message shows are
// deleted by the next sweep.
func Detach(ctx context.Context, tx *sqldb.Tx, communityID string, messageIDs ...string) error {
	return detach(ctx, tx, communityID, messageIDs)
}

// EraseMembers removes the images of members from all messages, in the caller's
// transaction; the next sweep deletes them. refs are the references of the members
// as uploaders.
func EraseMembers(ctx context.Context, tx *sqldb.Tx, communityID string, memberIDs, refs []string) error {
	return eraseOwners(ctx, tx, communityID, memberIDs, refs)
}

// Sweep deletes images that no message shows. A sweep of all files deletes theirs.
func (s *Images) Sweep(ctx context.Context) error {
	return deleteUnused(ctx, s.DB, s.Clock.Now().Add(-unusedFor).UnixMilli())
}

// UsesFile reports whether a stored file belongs to an image.
func (s *Images) UsesFile(ctx context.Context, fileID string) (bool, error) {
	return usesFile(ctx, s.DB, fileID)
}

// OpenOwn opens the file of an image that an actor has uploaded and not sent yet. uploader
// is its actor.Actor.Ref. It fails with NotFound "image_not_found". The caller closes it.
func (s *Images) OpenOwn(ctx context.Context, uploader, communityID, imageID string) (io.ReadCloser, error) {
	found, err := load(ctx, s.DB, communityID, imageID)
	if errs.KindOf(err) == errs.NotFound || err == nil && (found.Uploader != uploader || !found.Fresh(s.Clock.Now())) {
		return nil, errs.Missing("image")
	}
	if err != nil {
		return nil, err
	}
	return s.Pictures.OpenFile(ctx, found.FileID)
}

// URL returns the signed address of an image.
func (s *Images) URL(communityID, imageID string) string {
	path, expiry := media.Path(communityID, imageID), strconv.FormatInt(s.Clock.Now().Add(signedFor).Unix(), 10)
	return s.BaseURL() + path + "?" + url.Values{"exp": {expiry}, "sig": {s.Keys.Sign(purpose, path+" "+expiry)}}.Encode()
}

const purpose = "addresses of images"

// Handler serves requests with a signature, which are for images of messages, by signed,
// and the others by others.
func Handler(signed, others http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Has("sig") {
			signed.ServeHTTP(w, r)
			return
		}
		others.ServeHTTP(w, r)
	})
}

// Open returns the community and the image of a signed address. It fails with
// NotFound "picture_not_found" if the address is expired or not from URL, and if the
// image is no longer shown.
func (s *Images) Open(ctx context.Context, r *http.Request) (communityID string, found Image, err error) {
	given := r.URL.Query()
	expiry, err := strconv.ParseInt(given.Get("exp"), 10, 64)
	if err != nil || expiry <= s.Clock.Now().Unix() || !s.Keys.Verify(purpose, r.URL.Path+" "+given.Get("exp"), given.Get("sig")) {
		return "", Image{}, errs.Missing("picture")
	}
	communityID, imageID := media.SplitPath(r.URL.Path)
	found, err = load(ctx, s.DB, communityID, imageID)
	if err == nil && found.Uses == 0 && !found.Fresh(s.Clock.Now()) {
		err = errs.Missing("picture")
	}
	return communityID, found, err
}

// Serve answers with the file of an image.
func (s *Images) Serve(w http.ResponseWriter, r *http.Request, one Image) {
	s.Pictures.Serve(w, r, media.Picture{ID: one.ID, FileID: one.FileID, Type: one.Type, CreatedAt: one.CreatedAt}, "private, max-age="+strconv.Itoa(int(cachedFor.Seconds())))
}

// cachedFor is how long a browser shows an image without asking again.
const cachedFor = 10 * time.Minute
