using Sealer.Hosts;

namespace Sealer.Tests.Hosts.Ssh;

/// <summary>What is stopped here ends there, whoever it runs as and whatever it does about it.</summary>
[Trait("Tier", "parts")]
public sealed class SshEndingTests
{
    [Theory]
    [InlineData("", false)]
    [InlineData("USER ALL=(ALL) NOPASSWD: ALL", true)]
    [InlineData("USER ALL=(ALL) ALL", true)]
    [InlineData("Defaults:USER requiretty\nUSER ALL=(ALL) NOPASSWD: ALL", true)]
    public async Task A_command_that_is_cancelled_ends_with_all_that_it_started(string rules, bool elevated)
    {
        await using var server = await SshServer.StartAsync();
        if (elevated)
            await server.AllowSudoAsync(rules);
        await using var host = server.Host(o => o with { SudoPassword = elevated ? Secret.Of(SshServer.UserPassword) : null });
        var file = Path.Combine(server.Home, "pids");
        using var cancel = new CancellationTokenSource();
        // It does not obey, and what it started has no more to do with it.
        var running = host.RunAsync(
            new HostCommand($"trap '' TERM HUP; (sleep 300) & echo $! > {file}.new; echo $$ >> {file}.new; mv {file}.new {file}; while :; do sleep 1; done") { Elevated = elevated },
            cancel.Token);
        while (!File.Exists(file))
            await Task.Delay(50);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running).WaitAsync(TimeSpan.FromMinutes(1));
        foreach (var pid in await File.ReadAllLinesAsync(file))
        {
            while (IsRunning(pid))
                await Task.Delay(50);
        }
    }

    [Fact]
    public async Task A_command_that_takes_too_long_ends_too_and_others_go_on()
    {
        await using var server = await SshServer.StartAsync();
        await server.AllowSudoAsync("USER ALL=(ALL) NOPASSWD: ALL");
        await using var host = server.Host();
        var other = host.RunAsync(new HostCommand("read -r x; echo $x") { Elevated = true, Input = new Late() });
        var file = Path.Combine(server.Home, "pid");
        // So long that it has begun.
        for (var timeout = TimeSpan.FromSeconds(1); !File.Exists(file); timeout *= 2)
        {
            var error = await Assert.ThrowsAsync<SealerException>(() => host.RunAsync(
                new HostCommand($"echo $$ > {file}.new; mv {file}.new {file}; exec sleep 3000") { Elevated = true, Timeout = timeout }));
            Assert.Equal("HostCommandTimedOut", error.Id);
        }

        var pid = (await File.ReadAllTextAsync(file)).Trim();
        while (IsRunning(pid))
            await Task.Delay(50);
        Late.Go.SetResult();
        Assert.Equal("late\n", (await other).Output);
    }

    private static bool IsRunning(string pid)
    {
        try
        {
            return !File.ReadAllText($"/proc/{pid}/stat").Contains(") Z ", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }

    private sealed class Late : MemoryStream
    {
        public static TaskCompletionSource Go { get; } = new();

        private bool _read;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await Go.Task.WaitAsync(cancellationToken);
            if (_read)
                return 0;
            _read = true;
            "late\n"u8.CopyTo(buffer.Span);
            return 5;
        }
    }
}
