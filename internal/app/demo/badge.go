package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"math"

	"golang.org/x/image/vector"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/progress/badge"
)

// honour creates badges. Evaluations award the automatic ones for what members have done.
func (f *filling) honour(ctx context.Context) error {
	for _, e := range emblems {
		picture, err := e.draw()
		if err != nil {
			return err
		}
		in := badge.Input{Title: &e.title, Action: &e.action, Quantity: &e.quantity, Description: &e.description, Upload: bytes.NewReader(picture)}
		if e.conditions != "" {
			in.Conditions = json.RawMessage(`{"operator":"and","conditions":[` + e.conditions + `]}`)
		}
		pays := e.xp > 0
		in.PaysXP, in.XP = &pays, &e.xp
		created, err := f.Badges.Create(ctx, f.Operator, f.id, in)
		if err != nil {
			return err
		}
		if created.IsAutomatic() {
			if _, err := f.Awards.Evaluate(ctx, f.Operator, f.id, created.ID); err != nil {
				return err
			}
			continue
		}
		if err := f.apply(ctx, created.ID); err != nil {
			return err
		}
	}
	return nil
}

// apply awards a custom badge to one member; another one applies for it.
func (f *filling) apply(ctx context.Context, badgeID string) error {
	if _, err := f.Awards.Award(ctx, f.Owner, f.id, badgeID, host); err != nil {
		return err
	}
	who, err := f.Members.FindIn(ctx, f.Operator, f.id, applicant, member.Active)
	if err != nil {
		return err
	}
	as := actor.Actor{Kind: actor.Session, MemberID: who.ID, OnlyCommunity: f.id, Name: who.Username}
	_, err = f.Applications.Create(ctx, as, f.id, badgeID, request, nil)
	return err
}

// draw draws the picture of a badge: a star in a ring.
func (e *emblem) draw() ([]byte, error) {
	const size = 128 // pixels
	picture := image.NewRGBA(image.Rect(0, 0, size, size))
	paper := color.RGBA{0xf6, 0xf5, 0xf1, 0xff}
	star(picture, 60, 62, 62, e.tint)
	star(picture, 60, 54, 54, paper)
	star(picture, e.points, 42, e.inner, e.tint)
	var out bytes.Buffer
	err := png.Encode(&out, picture)
	return out.Bytes(), err
}

// star fills a star in the middle of a picture; radii are in pixels.
func star(onto *image.RGBA, points int, outer, inner float64, tint color.RGBA) {
	size := onto.Rect.Dx()
	middle := float64(size) / 2
	shape := vector.NewRasterizer(size, size)
	for i := range 2 * points {
		radius, angle := outer, math.Pi*float64(i)/float64(points)
		if i%2 == 1 {
			radius = inner
		}
		x, y := float32(middle+radius*math.Sin(angle)), float32(middle-radius*math.Cos(angle))
		if i == 0 {
			shape.MoveTo(x, y)
		} else {
			shape.LineTo(x, y)
		}
	}
	shape.ClosePath()
	shape.Draw(onto, onto.Rect, image.NewUniform(tint), image.Point{})
}
