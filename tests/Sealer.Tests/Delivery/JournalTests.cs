using System.Runtime.Versioning;
using Sealer.Delivery;

namespace Sealer.Tests.Delivery;

public sealed class JournalTests : IDisposable
{
    private const string Remote = "/var/lib/sealer/state/skyline/journal-plan1";

    private readonly TemporaryFolder _folder = new();
    private readonly FolderHost _host;

    public JournalTests() => _host = new FolderHost("10.0.0.1", _folder["host"]);

    private string Here => _folder["home/clusters/skyline/journal-plan1"];

    public void Dispose() => _folder.Dispose();

    [LinuxFact]
    public async Task What_was_written_is_read_by_the_next_of_either_copy()
    {
        await WriteAsync("a", "b");
        await using (var lockOfNext = await TakeAsync())
        await using (var next = await OpenAsync(lockOfNext))
        {
            Assert.True(next.IsResumed);
            Assert.Equal(JournalEvent.StepFinished, next.StateOf("a"));
            Assert.Null(next.StateOf("c"));
        }

        File.Delete(Here);
        await using var other = await TakeAsync();
        await using var elsewhere = await OpenAsync(other);
        Assert.Equal(JournalEvent.StepFinished, elsewhere.StateOf("b"));
        Assert.Equal(JournalLines.Read(_host[Remote], "there").Count, JournalFile.Read(Here).Count);
    }

    [LinuxFact]
    public async Task Another_controller_goes_on_with_the_control_plane_s_copy_and_the_first_one_hears_of_it()
    {
        await WriteAsync("a");
        var mine = File.ReadAllText(Here);
        File.Delete(Here);
        await WriteAsync("b");
        File.WriteAllText(Here, mine);
        await using var held = await TakeAsync();
        await using var journal = await OpenAsync(held);
        Assert.Equal(JournalEvent.StepFinished, journal.StateOf("a"));
        Assert.Equal(JournalEvent.StepFinished, journal.StateOf("b"));
    }

    [LinuxFact]
    public async Task A_line_that_was_torn_at_any_byte_is_no_line_and_what_follows_is_read()
    {
        await WriteAsync("a");
        var whole = File.ReadAllBytes(Here);
        var start = Array.LastIndexOf(whole, (byte)'\n', whole.Length - 2) + 1;
        for (var length = start; length < whole.Length; length += 61)
        {
            File.WriteAllBytes(Here, whole[..length]);
            File.WriteAllBytes(_host.Folder + Remote, whole[..length]);
            await using (var held = await TakeAsync())
            await using (var journal = await OpenAsync(held))
            {
                Assert.NotEqual(JournalEvent.StepFinished, journal.StateOf("a"));
                await journal.WriteAsync(JournalEvent.StepFinished, "b");
            }

            await using var later = await TakeAsync();
            await using var again = await OpenAsync(later);
            Assert.Equal(JournalEvent.StepFinished, again.StateOf("b"));
        }
    }

    [LinuxFact]
    public async Task A_journal_that_was_damaged_in_the_middle_is_refused()
    {
        await WriteAsync("a", "b");
        var lines = File.ReadAllLines(Here);
        var at = Array.FindIndex(lines, line => line.Contains("\"a\"", StringComparison.Ordinal));
        lines[at] = lines[at].Replace("\"a\"", "\"x\"", StringComparison.Ordinal);
        File.WriteAllLines(Here, lines);
        await using var held = await TakeAsync();
        var error = await Assert.ThrowsAsync<SealerException>(() => OpenAsync(held));
        Assert.Equal("JournalDamaged", error.Id);
        Assert.Contains($"line {at + 1}", error.Message, StringComparison.Ordinal);
    }

    [LinuxFact]
    public async Task Many_entries_at_once_go_to_the_host_in_a_few_commands()
    {
        await using var held = await TakeAsync();
        await using var journal = await OpenAsync(held);
        var commands = _host.Commands;
        await Task.WhenAll(Enumerable.Range(0, 200).Select(i => journal.WriteAsync(JournalEvent.StepStarted, $"s{i}")));
        Assert.InRange(_host.Commands - commands, 1, 20);
        Assert.Equal(201, JournalLines.Read(_host[Remote], "there").Count);
    }

    [LinuxFact]
    public async Task What_the_host_could_not_take_fails_for_all_who_waited_for_it()
    {
        await using var held = await TakeAsync();
        await using var journal = await OpenAsync(held);
        _host.Before = _ => throw new SealerException("HostCommandFailed", ErrorKind.ResourceUnavailable, "No space left on device.");
        var failed = 0;
        await Task.WhenAll(Enumerable.Range(0, 20).Select(async i =>
        {
            try
            {
                await journal.WriteAsync(JournalEvent.StepStarted, $"s{i}");
            }
            catch (SealerException)
            {
                Interlocked.Increment(ref failed);
            }
        }));
        Assert.Equal(20, failed);
        _host.Before = null;
        await journal.WriteAsync(JournalEvent.StepStarted, "later");
    }

    [LinuxFact]
    public async Task A_host_that_is_out_of_reach_for_a_moment_is_waited_for()
    {
        await using (var held = await TakeAsync())
        await using (var journal = await OpenAsync(held))
        {
            var asked = 0;
            // The second time it has taken it all, and its answer is lost.
            _host.Before = _ => asked++ == 0 ? throw new SealerException("HostUnreachable", ErrorKind.Connection, "It restarts.") : Task.CompletedTask;
            _host.After = _ =>
            {
                if (asked == 2)
                    throw new SealerException("HostConnectionLost", ErrorKind.Connection, "It is gone.");
            };
            await journal.WriteAsync(JournalEvent.StepFinished, "a");
            Assert.True(asked > 2);
            Assert.Equal(JournalEvent.StepFinished, journal.StateOf("a"));
            Assert.Equal(2, JournalLines.Read(_host[Remote], "there").Count(entry => entry.Step == "a"));
        }

        File.Delete(Here);
        await using var other = await TakeAsync();
        await using var again = await OpenAsync(other);
        Assert.Equal(JournalEvent.StepFinished, again.StateOf("a"));
    }

    [LinuxFact]
    public async Task A_host_that_stays_out_of_reach_is_not_waited_for_longer_than_its_lock_is_nor_once_all_stops()
    {
        await using var held = await ClusterLock.TakeAsync(_host, "skyline", new ClusterLockOptions { Patience = TimeSpan.Zero });
        await using (var journal = await OpenAsync(held))
        {
            _host.Before = _ => throw new SealerException("HostUnreachable", ErrorKind.Connection, "It is off.");
            Assert.Equal("ClusterLockLost", (await Assert.ThrowsAsync<SealerException>(() => journal.WriteAsync(JournalEvent.StepStarted, "a"))).Id);
        }

        _host.Before = null;
        await using var other = await ClusterLock.TakeAsync(_host, "skyline", new ClusterLockOptions { Force = true });
        await using var stopping = await OpenAsync(other);
        using var stop = new CancellationTokenSource();
        stopping.Stop = stop.Token;
        _host.Before = _ =>
        {
            stop.Cancel();
            throw new SealerException("HostUnreachable", ErrorKind.Connection, "It is off.");
        };
        Assert.Equal("HostUnreachable", (await Assert.ThrowsAsync<SealerException>(() => stopping.WriteAsync(JournalEvent.StepStarted, "a"))).Id);
        _host.Before = null;
    }

    [LinuxFact]
    public async Task Half_a_line_that_a_full_disk_took_does_not_spoil_what_comes_after_it()
    {
        await using (var held = await TakeAsync())
        await using (var journal = await OpenAsync(held))
        {
            _host.Before = _ =>
            {
                File.AppendAllText(_host.Folder + Remote, "\n0123456789abcdef {\"tok");
                throw new SealerException("HostCommandFailed", ErrorKind.ResourceUnavailable, "No space left on device.");
            };
            await Assert.ThrowsAsync<SealerException>(() => journal.WriteAsync(JournalEvent.StepStarted, "a"));
            _host.Before = null;
            await journal.WriteAsync(JournalEvent.StepFinished, "b");
        }

        File.Delete(Here);
        await using var other = await TakeAsync();
        await using var again = await OpenAsync(other);
        Assert.Equal(JournalEvent.StepFinished, again.StateOf("b"));
    }

    [LinuxFact]
    public async Task An_error_that_nobody_foresaw_fails_for_all_who_waited_for_it()
    {
        await using var held = await TakeAsync();
        await using var journal = await OpenAsync(held);
        _host.Before = _ => throw new InvalidOperationException("unforeseen");
        var writes = Enumerable.Range(0, 20).Select(i => journal.WriteAsync(JournalEvent.StepStarted, $"s{i}")).ToList();
        foreach (var write in writes)
            await Assert.ThrowsAsync<InvalidOperationException>(() => write);
        _host.Before = null;
    }

    [LinuxFact]
    public async Task Nothing_is_written_once_the_lock_is_lost()
    {
        await using var held = await TakeAsync();
        await using var journal = await OpenAsync(held);
        await using var other = await ClusterLock.TakeAsync(_host, "skyline", new ClusterLockOptions { Force = true });
        var before = _host[Remote];
        var error = await Assert.ThrowsAsync<SealerException>(() => journal.WriteAsync(JournalEvent.StepStarted, "a"));
        Assert.Equal("ClusterLockLost", error.Id);
        Assert.Equal(before, _host[Remote]);
    }

    [LinuxFact]
    [SupportedOSPlatform("linux")]
    public async Task It_is_for_its_owner_only()
    {
        await WriteAsync("a");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Here));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_host.Folder + Remote));
    }

    private async Task WriteAsync(params string[] steps)
    {
        await using var held = await TakeAsync();
        await using var journal = await OpenAsync(held);
        foreach (var step in steps)
        {
            await journal.WriteAsync(JournalEvent.StepStarted, step, "10.0.0.1");
            await journal.WriteAsync(JournalEvent.StepFinished, step, "10.0.0.1");
        }
    }

    private Task<ClusterLock> TakeAsync() => ClusterLock.TakeAsync(_host, "skyline");

    private Task<Journal> OpenAsync(ClusterLock held) => Journal.OpenAsync(Here, "skyline", "plan1", held);
}
