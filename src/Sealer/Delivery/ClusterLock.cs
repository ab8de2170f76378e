using System.Globalization;
using System.Security.Cryptography;
using Sealer.Hosts;

namespace Sealer.Delivery;

/// <summary>
/// A cluster's lock: one controller at a time changes a cluster. Kept on one control plane, renewed while it is held, and over
/// by itself where its holder is gone. Its token grows with every holder, and every host refuses one that is lower than it has
/// seen (<see cref="FencedHost"/>).
/// </summary>
public sealed class ClusterLock : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly IHost _host;
    private readonly string _cluster;
    private readonly ClusterLockOptions _options;
    private readonly CancellationTokenSource _lost = new();
    private readonly CancellationTokenSource _over = new();
    private Task _renewing = Task.CompletedTask;
    private SealerException? _why;

    private ClusterLock(IHost host, string cluster, string id, long token, LockOwner? pushedAside, ClusterLockOptions options) =>
        (_host, _cluster, Id, Token, PushedAside, _options) = (host, cluster, id, token, pushedAside, options);

    /// <summary>The claim's number; each is higher than all before.</summary>
    public long Token { get; }

    /// <summary>Who had it and was pushed aside by force; null where nobody had it.</summary>
    public LockOwner? PushedAside { get; }

    /// <summary>How long nobody had it, or gave it back, before it was taken: by the host's clock, in whole seconds.</summary>
    public TimeSpan Idle { get; private init; }

    /// <summary>Ends when the lock is lost: whoever works under it stops.</summary>
    public CancellationToken Lost => _lost.Token;

    /// <summary>The claim's holder.</summary>
    internal string Id { get; }

    /// <summary>The host that keeps it.</summary>
    internal IHost Host => _host;

    /// <summary>Takes the lock, and renews it until it is given back.</summary>
    /// <param name="host">The control plane that keeps it.</param>
    /// <param name="cluster">The cluster.</param>
    /// <param name="options">How.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="SealerException"><c>ClusterLocked</c>: somebody has it; and those of <see cref="IHost.RunAsync"/>.</exception>
    public static async Task<ClusterLock> TakeAsync(IHost host, string cluster, ClusterLockOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(cluster);
        options ??= new ClusterLockOptions();
        var id = Convert.ToHexString(RandomNumberGenerator.GetBytes(8)).ToLowerInvariant();
        var over = options.Force ? "*" : "";
        while (true)
        {
            var script = LockScript.Take(cluster, id, options.Process.ToString(), (long)options.TimeToLive.TotalSeconds, options.HighestToken, over);
            var result = await host.RunAsync(new HostCommand(script) { Elevated = true, Timeout = Patience }, cancellationToken).ConfigureAwait(false);
            var words = result.Require($"take the lock of the cluster {cluster}").Output.Trim().Split(' ');
            if (words is ["taken", var token, .. var was])
            {
                var taken = new ClusterLock(
                    host, cluster, id, long.Parse(token, CultureInfo.InvariantCulture),
                    options.Force && was.Length == 10 && was[9] == "held" && Number(was[2]) < Number(was[3]) ? Owner(was) : null, options)
                {
                    Idle = was is ["0", ..] ? TimeSpan.MaxValue : TimeSpan.FromSeconds(Number(was.ElementAtOrDefault(2) ?? "0")),
                };
                taken._renewing = taken.RenewAsync(taken._over.Token);
                return taken;
            }

            if (words is not ["held", var top, var holder, .. var rest] || Owner(words[1..]) is not { } owner)
                throw new SealerException("ClusterLockBroken", ErrorKind.InvalidContent, $"{host.Name} does not say who has the lock of the cluster {cluster}: {HostText.Shown(result.Output.Trim())}. Look at {DeliveryPaths.Lock(cluster)} there.", host.Name);
            // One that was killed on this very machine gives nothing back, and will not come back for it either.
            var claim = $"{top}-{holder}";
            if (over != claim && ControllerProcess.Parse(string.Join(' ', rest[3..])) is { } process && process.IsDead())
            {
                over = claim;
                continue;
            }

            throw new SealerException(
                "ClusterLocked", ErrorKind.Conflict,
                $"{owner} works on the cluster {cluster}: it has the lock on {host.Name}, renewed {owner.Age.TotalSeconds:0} s ago. Wait for it; where it is gone, the lock is free in {Math.Max(1, Number(rest[1]) - Number(rest[0]))} s, or push it aside with -Force.",
                cluster);
        }
    }

    /// <summary>Runs a command on the host that keeps the lock, only where it is held still, and renews it with that.</summary>
    /// <exception cref="SealerException"><c>ClusterLockLost</c>; and those of <see cref="IHost.RunAsync"/>.</exception>
    public async Task<HostCommandResult> RunAsync(HostCommand command, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(command);
        ThrowIfLost();
        var script = $"{LockScript.Renew(_cluster, Id, Token, (long)_options.TimeToLive.TotalSeconds)}\n{command.Script}";
        var result = await _host.RunAsync(command with { Script = script, Elevated = true }, cancellationToken).ConfigureAwait(false);
        if (result.ExitCode != LockScript.Lost || !result.Error.Contains(LockScript.LostMark, StringComparison.Ordinal))
            return result;
        var words = result.Error[result.Error.IndexOf(LockScript.LostMark, StringComparison.Ordinal)..].Split('\n')[0].Trim().Split(' ');
        Lose(words is [_, "late", ..] || Owner(words[2..]) is not { } owner
            ? $"it was not renewed for {Number(words.ElementAtOrDefault(4) ?? "0")} s, longer than it is kept"
            : $"{owner} has taken it");
        throw _why!;
    }

    /// <summary>Renews it once.</summary>
    /// <exception cref="SealerException"><c>ClusterLockLost</c>; and those of <see cref="IHost.RunAsync"/>.</exception>
    public async Task RenewAsync() => (await RunAsync(new HostCommand(":") { Timeout = Patience }).ConfigureAwait(false)).Require("renew the lock");

    /// <summary>Refuses to go on without it.</summary>
    /// <exception cref="SealerException"><c>ClusterLockLost</c>.</exception>
    public void ThrowIfLost()
    {
        if (_why is { } why)
            throw why;
    }

    /// <summary>Gives it back, where it can still be reached.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_over.IsCancellationRequested)
            return;
        await _over.CancelAsync().ConfigureAwait(false);
        await _renewing.ConfigureAwait(false);
        try
        {
            if (_why is null)
            {
                await _host.RunAsync(new HostCommand(LockScript.Release(_cluster, Id, Token, (long)_options.TimeToLive.TotalSeconds)) { Elevated = true, Timeout = Patience })
                    .ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is SealerException or ObjectDisposedException)
        {
            // The host is gone; the lock ends by itself.
        }

        _lost.Dispose();
        _over.Dispose();
    }

    // That the host cannot be asked for a while is not the end: it is asked again, and says itself when it was too long.
    private async Task RenewAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(_options.RenewEvery, _options.Clock);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false))
            {
                try
                {
                    await RenewAsync().ConfigureAwait(false);
                }
                catch (Exception e) when (_why is null && e is not OperationCanceledException)
                {
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SealerException)
        {
            // Over, or lost; who works under it has been told.
        }
    }

    private void Lose(string why)
    {
        _why ??= new SealerException(
            "ClusterLockLost", ErrorKind.Conflict,
            $"The lock of the cluster {_cluster} on {_host.Name} is lost: {why}. Nothing more is done. See what the other has done, then make a new plan.", _cluster);
        if (!_over.IsCancellationRequested)
            _lost.Cancel();
    }

    // TOKEN HOLDER AGE TTL SINCE NAME MACHINE ID STARTED
    private static LockOwner? Owner(string[] words) => words.Length >= 9 && ControllerProcess.Parse(string.Join(' ', words[5..9])) is { } process
        ? new LockOwner(process.Name, process.Id, DateTimeOffset.FromUnixTimeSeconds(Number(words[4])), Number(words[0]), TimeSpan.FromSeconds(Number(words[2])))
        : null;

    private static long Number(string word) => long.TryParse(word, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var n) ? n : 0;
}
