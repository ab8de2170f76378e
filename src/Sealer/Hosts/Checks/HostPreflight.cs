using Sealer.Events;
using Sealer.Hosts.Facts;

namespace Sealer.Hosts.Checks;

/// <summary>
/// Looks at hosts before something is delivered to them: one round trip a host for what it is, one more for connecting to each
/// other. Nothing is changed on them, and nothing stays.
/// </summary>
public static class HostPreflight
{
    private const string Activity = "Looking at hosts";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    /// <summary>Makes the checks.</summary>
    /// <param name="hosts">The hosts; each name once.</param>
    /// <param name="options">How.</param>
    /// <param name="progress">Is told of each host.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>
    /// A result for each host and check, by host in the order given and by check as in <see cref="HostChecks.All"/>. A host that
    /// cannot be asked has one result, failed: <see cref="HostChecks.ReachableName"/>.
    /// </returns>
    /// <exception cref="SealerException"><c>HostCheckUnknown</c>. What is wrong with a host is a result, never an exception.</exception>
    public static async Task<IReadOnlyList<HostCheckResult>> RunAsync(
        IReadOnlyList<PreflightHost> hosts, PreflightOptions? options = null, IProgress<SealerEvent>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(hosts);
        options ??= new PreflightOptions();
        var checks = HostChecks.Select(options.Checks);
        var ignored = HostChecks.Ignoring(options.Ignore);
        var views = new HostView?[hosts.Count];
        var lost = new SealerException?[hosts.Count];
        await Parallel.ForEachAsync(
            Enumerable.Range(0, hosts.Count),
            new ParallelOptions { MaxDegreeOfParallelism = Math.Max(1, options.ThrottleLimit), CancellationToken = cancellationToken },
            async (i, ct) =>
            {
                progress?.Report(new ProgressEvent(Activity, hosts[i].Host.Name, 0, 1));
                try
                {
                    views[i] = await GatherAsync(hosts[i], checks, ct).ConfigureAwait(false);
                }
                catch (SealerException error)
                {
                    lost[i] = error;
                }

                progress?.Report(new ProgressEvent(Activity, hosts[i].Host.Name, 1, 1));
            }).ConfigureAwait(false);

        var answering = views.OfType<HostView>().ToList();
        FindAddresses(answering);
        if (checks.Any(c => c.IsBetweenHosts))
        {
            progress?.Report(new DetailEvent($"{answering.Count} hosts connect to each other."));
            var pairs = await new PairProbing(options).RunAsync(answering, cancellationToken).ConfigureAwait(false);
            answering.ForEach(view => view.Pairs = pairs);
        }

        answering.ForEach(view => view.All = answering);
        return
        [
            .. Enumerable.Range(0, hosts.Count).SelectMany(i => views[i] is { } view
                ? checks.Select(check => Result(view.Name, check, Look(check, view), ignored))
                : [Result(hosts[i].Host.Name, HostChecks.All[0], Lost(lost[i]!), ignored)]),
        ];
    }

    private static async Task<HostView> GatherAsync(PreflightHost host, IReadOnlyList<HostCheck> checks, CancellationToken cancellationToken)
    {
        var folders = DiskChecks.Folders(host);
        var command = new HostCommand(FactsScript.Text + "\n" + ConditionsScript.Text)
        {
            Timeout = Patience,
            Variables = new Dictionary<string, string>
            {
                [ConditionsScript.Folders] = string.Join('\n', folders),
                [ConditionsScript.Measured] = host.IsControlPlane && checks.Any(c => c.Name == "EtcdDisk") ? host.Requirements.EtcdRoot : "",
            },
        };
        SealerException? sudo = null;
        var asked = DateTimeOffset.UtcNow;
        HostCommandResult result;
        try
        {
            result = await host.Host.RunAsync(command with { Elevated = true }, cancellationToken).ConfigureAwait(false);
        }
        catch (SealerException error) when (error.Id.StartsWith("Sudo", StringComparison.Ordinal))
        {
            sudo = error;
            asked = DateTimeOffset.UtcNow;
            result = await host.Host.RunAsync(command, cancellationToken).ConfigureAwait(false);
        }

        var facts = HostFactsReader.Read(host.Host.Name, result.Output, asked, DateTimeOffset.UtcNow);
        var conditions = HostConditionsReader.Read(result.Output, folders) ?? throw new SealerException(
            "HostFactsNotReadable", ErrorKind.ResourceUnavailable,
            $"{host.Host.Name} did not tell all about itself. It said: {HostText.Shown(result.Error.Trim() is { Length: > 0 and < 1000 } said ? said : "nothing")}", host.Host.Name);
        return new HostView(host, facts, conditions, sudo);
    }

    // Of hosts that are known by a name only: the address of the default route, where no other has it.
    private static void FindAddresses(IReadOnlyList<HostView> views)
    {
        var known = views.Select(v => v.Host.Address).ToHashSet();
        var own = views.Where(v => v.Host.Address is null).Select(v => (View: v, v.Facts.Addresses.FirstOrDefault(a => a.Interface == v.Facts.DefaultInterface && !a.Address.IsIPv6LinkLocal)?.Address)).ToList();
        foreach (var (view, address) in own)
        {
            if (address is not null && !known.Contains(address) && own.Count(o => address.Equals(o.Address)) == 1)
                view.Host = view.Host with { Address = address };
        }
    }

    private static CheckOutcome Look(HostCheck check, HostView view) => check.NeedsRoot && view.Sudo is not null
        ? CheckOutcome.Skip("Only root sees it.")
        : check.Look(view);

    private static CheckOutcome Lost(SealerException error) =>
        CheckOutcome.Fail(error.Message, "Look whether it is up and reached from here: ssh USER@ADDRESS true");

    private static HostCheckResult Result(string host, HostCheck check, CheckOutcome outcome, Func<string, HostCheckSeverity, bool> ignored)
    {
        var severity = outcome.Severity is { } lower && lower < check.Severity ? lower : check.Severity;
        var failed = outcome.Status == HostCheckStatus.Failed;
        string?[] steps = [outcome.Command is { } command ? $"Run there as root: {command}" : null, outcome.Step];
        return new HostCheckResult
        {
            Host = host,
            Check = check.Name,
            Severity = severity,
            Status = !failed ? outcome.Status
                : ignored(check.Name, severity) ? HostCheckStatus.Ignored
                : severity == HostCheckSeverity.Error ? HostCheckStatus.Failed : HostCheckStatus.Warning,
            Message = HostText.Shown(outcome.Message),
            Remedy = failed && steps.Any(s => s is not null) ? HostText.Shown(string.Join("\n", steps.OfType<string>())) : null,
            // A name on the host that a terminal would obey is no part of a command that is to be copied.
            RemedyCommand = failed && outcome.Command is { } exact && HostText.Shown(exact) == exact ? exact : null,
        };
    }
}
