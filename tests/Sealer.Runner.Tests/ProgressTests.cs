using System.Management.Automation;

namespace Sealer.Runner.Tests;

public sealed class ProgressTests
{
    private readonly StringWriter _terminal = new() { NewLine = "\n" };
    private readonly Clock _clock = new();

    [Theory]
    [InlineData(80), InlineData(40), InlineData(20)]
    public void A_line_is_never_as_wide_as_the_terminal(int width)
    {
        var record = new ProgressRecord(1, "Fetching registry.example.com/a/very/long/name/of/an/image:v1", "618 B of 1.97 KiB") { PercentComplete = 30, SecondsRemaining = 75 };

        Assert.True(ProgressView.Line(record, indented: true, width).Length < width);
    }

    [Fact]
    public void Chinese_takes_two_columns_a_character() =>
        Assert.Equal("集群  镜", ProgressView.Line(new ProgressRecord(1, "集群", "镜像"), indented: false, width: 10));

    [Fact]
    public void A_name_from_a_registry_cannot_move_the_cursor() =>
        Assert.DoesNotContain(ProgressView.Words(new ProgressRecord(1, "a\e[2Jb", "c\r\nd")), char.IsControl);

    [Fact]
    public void Parts_stand_below_their_whole_and_go_when_they_are_done()
    {
        var view = new ProgressView(_terminal, () => 60, _clock);
        view.Show(0, new ProgressRecord(3, "Part", "c") { ParentActivityId = 1 });
        view.Show(0, new ProgressRecord(1, "First", "a"));
        _clock.Advance(1);
        view.Show(0, new ProgressRecord(2, "Second", "b"));
        view.Show(0, new ProgressRecord(2, "Second", "not yet"));
        _clock.Advance(1);
        view.Show(0, new ProgressRecord(2, "Second", "b"));

        Assert.EndsWith("First  a\n  Part  c\nSecond  b\n", _terminal.ToString(), StringComparison.Ordinal);
        view.Show(0, new ProgressRecord(3, "Part", "c") { ParentActivityId = 1, RecordType = ProgressRecordType.Completed });
        Assert.EndsWith("\e[3A\e[JFirst  a\nSecond  b\n", _terminal.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_line_that_is_not_at_its_end_is_not_torn()
    {
        var view = new ProgressView(_terminal, () => 60, _clock) { Paused = true };
        view.Show(0, new ProgressRecord(1, "First", "a"));
        Assert.Equal("", _terminal.ToString());

        view.Paused = false;
        view.Redraw();
        Assert.Equal("First  a\n", _terminal.ToString());
    }

    [Fact]
    public void A_log_says_nothing_of_what_is_quick()
    {
        var log = new ProgressLog(_terminal, _clock);
        log.Show(0, new ProgressRecord(1, "Building", "1 of 2"));
        _clock.Advance(9);
        log.Show(0, new ProgressRecord(1, "Building", "2 of 2"));
        log.Show(0, new ProgressRecord(1, "Building", "2 of 2") { RecordType = ProgressRecordType.Completed });

        Assert.Equal("", _terminal.ToString());
    }

    [Fact]
    public void A_log_has_a_line_in_half_a_minute_and_one_at_the_end()
    {
        var log = new ProgressLog(_terminal, _clock);
        for (var second = 0; second <= 50; second++)
        {
            log.Show(0, new ProgressRecord(1, "Building", $"{second} of 50") { PercentComplete = second * 2 });
            log.Show(0, new ProgressRecord(2, "Part", "x") { ParentActivityId = 1 });
            _clock.Advance(1);
        }

        log.Show(0, new ProgressRecord(1, "Building", "50 of 50") { RecordType = ProgressRecordType.Completed });

        Assert.Equal("Building  10 of 50  20 %\nBuilding  40 of 50  80 %\nBuilding: done in 51 s\n", _terminal.ToString());
    }

    private sealed class Clock : TimeProvider
    {
        private long _seconds = 1;

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => _seconds;

        public void Advance(int seconds) => _seconds += seconds;
    }
}
