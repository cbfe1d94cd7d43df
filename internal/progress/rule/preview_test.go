package rule_test

import (
	"slices"
	"testing"

	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/member/membertest"
	"github.com/regulars/regulars/internal/progress/rule"
)

func TestSampleDayPaysAsTheRulesDo(t *testing.T) {
	twenty := new(int64(20))
	s := rule.Settings{Enabled: true, Rules: map[rule.Action]rule.Rule{
		rule.Message: {Enabled: true, XP: 10, Coins: 1, Time: 60, DailyCap: twenty},
		rule.Reply:   {Enabled: true, XP: 3, Time: 3600}, // 50 replies are 1,728 s apart: each third pays
		rule.React:   {Enabled: true, Coins: 2},
		rule.Quote:   {XP: 10},
		rule.Trading: {Enabled: true},
		rule.Visit:   {Enabled: true, XP: 5, Coins: 1},
		rule.Picture: {Enabled: true, XP: 20},
		rule.Comment: {Enabled: true, XP: 7}, // not available
	}}
	want := []rule.Earned{
		{rule.Message, 50, 20, 200, 20, true}, {rule.Reply, 50, 17, 51, 0, false}, {rule.React, 50, 50, 0, 100, false}, {rule.Visit, 1, 1, 5, 1, true},
	}
	if got := s.SampleDay(); !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
	if got := s.PaidOnce(); !slices.Equal(got, []rule.Action{rule.Picture}) {
		t.Error(got)
	}
	s.Enabled = false
	if len(s.SampleDay()) != 0 || len(s.PaidOnce()) != 0 {
		t.Error("disabled rules pay")
	}
}

func TestPreviewStoresNothing(t *testing.T) {
	each(t, func(f *fixture) {
		change := rule.Change{Version: 9, Rules: map[rule.Action]rule.ActionChange{rule.Message: {Enabled: new(true), XP: new(int64(33))}}}
		got, err := f.rules.Preview(f.Context(), membertest.Command, f.Community, change)
		f.OK(err)
		stored, err := f.rules.Get(f.Context(), membertest.Command, f.Community)
		f.OK(err)
		if got.Rules[rule.Message].XP != 33 || stored.Rules[rule.Message].XP != 10 || stored.Version != 1 {
			t.Errorf("%+v %+v", got, stored)
		}
		change.Rules[rule.Message] = rule.ActionChange{XP: new(int64(-1))}
		if _, err := f.rules.Preview(f.Context(), membertest.Command, f.Community, change); membertest.Code(err) != "invalid_input too_small" {
			t.Error(err)
		}
		about := f.Define(field.Input{Field: "about", Type: field.SingleLine})
		f.Define(field.Input{Field: "age", Type: field.Numerical})
		fields, err := f.rules.TextFields(f.Context(), membertest.Command, f.Community)
		f.OK(err)
		if len(fields) != 1 || fields[0].ID != about.ID {
			t.Errorf("%+v", fields)
		}
	})
}

func TestDeletedChannelsOfARuleStay(t *testing.T) {
	each(t, func(f *fixture) {
		rooms := chat.New(chat.Deps{DB: f.DB, Access: f.access, Members: f.Members, Clock: f.Clock})
		made, err := rooms.CreateChannel(f.Context(), membertest.Command, f.Community, chat.Input{Topic: "general"})
		f.OK(err)
		list := []string{made.ID}
		f.allow(map[rule.Action]rule.ActionChange{rule.Message: {Channels: &list}})
		f.OK(rooms.DeleteChannel(f.Context(), membertest.Command, f.Community, made.ID))
		f.allow(map[rule.Action]rule.ActionChange{rule.Message: {Channels: &list, XP: new(int64(3))}})
		list = append(list, id.New(f.now))
		_, err = f.rules.Update(f.Context(), membertest.Command, f.Community, rule.Change{Rules: map[rule.Action]rule.ActionChange{rule.Message: {Channels: &list}}})
		if membertest.Code(err) != "invalid_input invalid" {
			t.Error(err)
		}
	})
}
