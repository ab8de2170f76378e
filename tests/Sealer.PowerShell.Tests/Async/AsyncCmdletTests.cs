using System.Diagnostics;
using System.Management.Automation;
using System.Management.Automation.Runspaces;

namespace Sealer.PowerShell.Tests.Async;

public sealed class AsyncCmdletTests : IDisposable
{
    private readonly Session _session = new(import: false, state =>
    {
        state.Commands.Add(new SessionStateCmdletEntry("Get-Number", typeof(GetNumber), null));
        state.Commands.Add(new SessionStateCmdletEntry("Wait-Stop", typeof(WaitStop), null));
        state.Commands.Add(new SessionStateCmdletEntry("Test-Input", typeof(TestInput), null));
        state.Commands.Add(new SessionStateCmdletEntry("Invoke-Everything", typeof(InvokeEverything), null));
        state.Commands.Add(new SessionStateCmdletEntry("Write-Much", typeof(WriteMuch), null));
        state.Commands.Add(new SessionStateCmdletEntry("Invoke-Briefly", typeof(InvokeBriefly), null));
    });

    public void Dispose() => _session.Dispose();

    [Fact]
    public void Output_of_another_thread_arrives_in_order() =>
        Assert.Equal(Enumerable.Range(1, 1000), _session.Run("Get-Number").Select(o => (int)o.BaseObject));

    [Fact]
    public void A_producer_does_not_run_ahead_of_the_pipeline()
    {
        var written = new int[1];
        var ahead = _session.Run("param($w) Get-Number -Written $w | ForEach-Object { $_ - $w[0] }", written);
        Assert.All(ahead, o => Assert.InRange((int)o.BaseObject, 0, 1));
    }

    [Fact]
    public void Cmdlets_in_a_pipeline_of_cmdlets_do_not_wait_for_each_other() =>
        Assert.Equal(9000, _session.Run("$i = 0; Get-Number | ForEach-Object { if (++$i -lt 10) { Get-Number | ForEach-Object { Test-Input -ErrorAction Ignore; $_ } } }").Count);

    [Fact]
    public void A_cmdlet_that_is_called_while_another_one_asks_is_answered()
    {
        _session.Host.Answer = 0;
        Assert.Equal(3, _session.Run("1, 3, 5 | Test-Input | ForEach-Object { Invoke-Everything -Confirm -WarningAction Ignore }").Count);
    }

    [Fact]
    public async Task A_pipeline_that_has_enough_stops_the_work()
    {
        var ended = new TaskCompletionSource();
        var written = new int[1];
        _session.Run("param($w, $e) & { Get-Number -Written $w -Ended $e } | ForEach-Object { if ($_ -eq 3) { break }; $_ }", written, ended);
        await ended.Task;
        Assert.Equal(2, written[0]);
    }

    [Fact]
    public async Task Ctrl_C_ends_a_running_cmdlet_and_disposes_of_it()
    {
        var (started, ended, disposed) = (new TaskCompletionSource(), new TaskCompletionSource<string>(), new TaskCompletionSource());
        using var shell = _session.Create("param($s, $e, $d) Wait-Stop -Started $s -Ended $e -Disposed $d; 'not reached'", started, ended, disposed);
        var running = shell.BeginInvoke();
        await started.Task;
        var clock = Stopwatch.StartNew();
        shell.Stop();
        // Not a figure: a cmdlet that took no notice would be given up only after five seconds.
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(4));
        Assert.Throws<PipelineStoppedException>(() => shell.EndInvoke(running));
        Assert.Equal("TaskCanceledException", await ended.Task);
        await disposed.Task;
    }

    [Fact]
    public void An_error_on_one_input_is_written_and_the_next_follows()
    {
        var output = _session.Try("1..5 | Test-Input");
        Assert.Equal([1, 3, 5], output.Select(o => (int)o.BaseObject));
        Assert.Equal(2, _session.Errors.Count);
        var error = _session.Errors[0];
        Assert.StartsWith("NoEven,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Equal(ErrorCategory.ObjectNotFound, error.CategoryInfo.Category);
        Assert.Equal(2, error.TargetObject);
        Assert.Contains("Give an odd number", error.Exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Several_failures_of_one_input_are_several_errors()
    {
        _session.Try("0 | Test-Input");
        Assert.Equal(["NoEven", "InputOutput"], _session.Errors.Select(e => e.FullyQualifiedErrorId.Split(',')[0]));
    }

    [Fact]
    public void Stop_as_the_error_action_ends_the_pipeline() =>
        Assert.Throws<ActionPreferenceStopException>(() => _session.Try("1..5 | Test-Input -ErrorAction Stop"));

    [Fact]
    public void What_fails_at_the_end_is_terminating()
    {
        var error = (ErrorRecord)Assert.Single(_session.Run("try { $null = 1 | Test-Input -FailAtEnd } catch { $_ }")).BaseObject;
        Assert.StartsWith("AtEnd,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Equal(ErrorCategory.ConnectionError, error.CategoryInfo.Category);
    }

    [Fact]
    public void A_defect_is_terminating_and_keeps_its_type() =>
        Assert.IsType<InvalidOperationException>(
            Assert.Single(_session.Run("try { 1 | Test-Input -Crash } catch { $_.Exception }")).BaseObject);

    [Fact]
    public void WhatIf_is_asked_from_asynchronous_code()
    {
        Assert.Empty(_session.Run("Invoke-Everything -WhatIf -WarningAction Ignore"));
        Assert.Contains("What if: Performing the operation \"Remove\" on target \"the image\"", _session.Host.Screen.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Questions_are_answered_from_asynchronous_code()
    {
        _session.Host.Answer = 0;
        Assert.Equal(true, Assert.Single(_session.Run("Invoke-Everything -Confirm")).BaseObject);
        Assert.Contains("Really?", _session.Host.Screen.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_over_at_once_has_no_progress_line()
    {
        _session.Run("Invoke-Briefly -WhatIf -WarningAction Ignore");
        Assert.Empty(_session.Host.Progress);
    }

    [Fact]
    public void Events_become_warnings_verbose_text_and_progress()
    {
        _session.Run("Invoke-Everything -Verbose -WhatIf");
        Assert.Equal(["A warning."], _session.Warnings);
        Assert.Contains("A detail.", _session.Verbose);
        var records = _session.Host.Progress.ToList();
        var parent = records.First(r => r.ParentActivityId < 0).ActivityId;
        Assert.All(records, r => Assert.True(r.ActivityId == parent || r.ParentActivityId == parent));
        // 8,008 figures in no time are a handful of lines, and none of them stays on the screen.
        Assert.InRange(records.Count, 2, 200);
        Assert.All(records.GroupBy(r => r.ActivityId), line => Assert.Equal(ProgressRecordType.Completed, line.Last().RecordType));
    }

    [Theory]
    [InlineData("Write-Much")]
    [InlineData("$VerbosePreference = 'Continue'; Write-Much -Verbose:$false")]
    public void Details_that_nobody_wants_to_see_do_not_wait_for_the_pipeline(string script) =>
        Assert.Equal(true, Assert.Single(_session.Run(script)).BaseObject);

    [Theory]
    [InlineData("Invoke-Everything -Verbose -WhatIf -WarningAction Ignore", 1)]
    [InlineData("$VerbosePreference = 'Continue'; Invoke-Everything -WhatIf -WarningAction Ignore", 1)]
    [InlineData("function Outer { [CmdletBinding()] param() Invoke-Everything -WhatIf -WarningAction Ignore }; Outer -Verbose", 1)]
    [InlineData("Invoke-Everything -WhatIf -WarningAction Ignore", 0)]
    public void Details_are_told_where_they_are_asked_for(string script, int count)
    {
        _session.Run(script);
        Assert.Equal(count, _session.Verbose.Count(text => text == "A detail."));
    }
}
