namespace Sealer.Hosts.Checks;

/// <summary>Something that is looked at on every host.</summary>
public sealed record HostCheck
{
    internal HostCheck(string name, HostCheckSeverity severity, string summary, Func<HostView, CheckOutcome> look) =>
        (Name, Severity, Summary, Look) = (name, severity, summary, look);

    /// <summary>Its name; it is ignored and chosen by it.</summary>
    public string Name { get; }

    /// <summary>How much it matters; a result may say less, never more.</summary>
    public HostCheckSeverity Severity { get; }

    /// <summary>What it looks at, one sentence.</summary>
    public string Summary { get; }

    internal Func<HostView, CheckOutcome> Look { get; }

    /// <summary>Needs the hosts to connect to each other, which takes another round trip.</summary>
    internal bool IsBetweenHosts { get; init; }

    /// <summary>Only root sees what it looks at.</summary>
    internal bool NeedsRoot { get; init; }

    /// <summary>Its name.</summary>
    public override string ToString() => Name;
}
