// Looks into the packed files as who publishes them would: dotnet run .ci/inspect.cs, behind
// `dotnet pack Smtp.Core.sln -c Release -o artifacts/packages`. Prints a line for each package; ends with 1 and the reasons if something is not right.
using System.Diagnostics;
using System.IO.Compression;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Text;
using System.Xml.Linq;

const string Extensions = "Microsoft.Extensions.";
Dictionary<string, string[]> expected = new()
{
    ["Smtp.Core"] = [],
    ["Smtp.Server"] = ["Smtp.Core", Extensions + "Logging.Abstractions", Extensions + "ObjectPool"],
    ["Smtp.Client"] = ["Smtp.Core", Extensions + "Logging.Abstractions", Extensions + "ObjectPool"],
    ["Smtp.Hosting"] = ["Smtp.Server", "Smtp.Client", Extensions + "Diagnostics.HealthChecks", Extensions + "Hosting.Abstractions", Extensions + "Options"],
    ["Smtp.AspNetCore"] = ["Smtp.Hosting"],
    ["Smtp.MimeKit"] = ["Smtp.Server", "Smtp.Client", "MimeKit"],
    ["Smtp.Testing"] = ["Smtp.Server"],
};
string folder = Path.GetFullPath(args.Length > 0 ? args[0] : "artifacts/packages");
string version = XDocument.Load("Directory.Build.props").Descendants("Version").Single().Value;
bool isCi = Environment.GetEnvironmentVariable("CI") == "true";
bool hasRemote = Git("remote get-url origin").StartsWith("https://", StringComparison.Ordinal);
string commit = Git("rev-parse HEAD");
var wrong = new List<string>();
string[] files = [.. Directory.GetFiles(folder, $"*.{version}.nupkg").Select(file => Path.GetFileName(file))];
Demand(files.Length == expected.Count, "packages", $"{string.Join(' ', files)}: there must be {expected.Count}");
foreach ((string id, string[] dependencies) in expected)
{
    string package = Path.Combine(folder, $"{id}.{version}.nupkg");
    string symbols = Path.ChangeExtension(package, ".snupkg");
    if (!File.Exists(package) || !File.Exists(symbols))
    {
        Demand(false, id, $"{package} or its .snupkg is not there");
        continue;
    }

    using ZipArchive zip = ZipFile.OpenRead(package);
    XElement metadata = XDocument.Load(Open(zip, id + ".nuspec")).Root!.Elements().Single(e => e.Name.LocalName == "metadata");
    XElement? Field(string name) => metadata.Elements().SingleOrDefault(e => e.Name.LocalName == name);
    Demand(Field("version")?.Value == version, id, $"version {Field("version")?.Value}");
    Demand(Field("license")?.Value == "MIT" && (string?)Field("license")!.Attribute("type") == "expression", id, "the license expression must be MIT");
    Demand(Field("description")?.Value.Length > 40 && Field("authors")?.Value == "Smtp.Core contributors", id, "description, authors");
    Demand((string?)Field("repository")?.Attribute("commit") == commit, id, $"the commit must be {commit}");
    foreach ((string field, string file) in (ReadOnlySpan<(string, string)>)[("icon", "icon.png"), ("readme", "README.md")])
    {
        Demand(Field(field)?.Value == file && zip.GetEntry(file) is { Length: > 300 }, id, $"{field} {file}");
    }

    XElement[] told = [.. metadata.Descendants().Where(e => e.Name.LocalName == "dependency")];
    string[] names = [.. told.Select(e => (string)e.Attribute("id")!)];
    Demand(names.Order().SequenceEqual(dependencies.Order()), id, $"depends on {string.Join(", ", names)}");
    Demand(told.All(e => !((string)e.Attribute("id")!).StartsWith("Smtp.", StringComparison.Ordinal) || (string?)e.Attribute("version") == version), id, "depends on another version of ours");
    Demand((id == "Smtp.AspNetCore") == metadata.Descendants().Any(e => (string?)e.Attribute("name") == "Microsoft.AspNetCore.App"), id, "framework reference");

    string[] libraries = [.. zip.Entries.Where(e => e.FullName.StartsWith("lib/", StringComparison.Ordinal)).Select(e => e.FullName)];
    Demand(libraries.Order().SequenceEqual([$"lib/net10.0/{id}.dll", $"lib/net10.0/{id}.xml"]), id, string.Join(' ', libraries));
    int documented = XDocument.Load(Open(zip, $"lib/net10.0/{id}.xml")).Descendants("member").Count();
    Demand(documented > 0, id, "no documentation");

    using ZipArchive symbolZip = ZipFile.OpenRead(symbols);
    using var image = new PEReader(Open(zip, $"lib/net10.0/{id}.dll"));
    using MetadataReaderProvider pdb = MetadataReaderProvider.FromPortablePdbStream(Open(symbolZip, $"lib/net10.0/{id}.pdb"));
    MetadataReader reader = pdb.GetMetadataReader();
    var guid = new BlobContentId(reader.DebugMetadataHeader!.Id);
    DebugDirectoryEntry entry = image.ReadDebugDirectory().First(e => e.Type == DebugDirectoryEntryType.CodeView);
    Demand(image.ReadCodeViewDebugDirectoryData(entry).Guid == guid.Guid, id, "the symbols are another build's");
    Demand(image.ReadDebugDirectory().Any(e => e.Type == DebugDirectoryEntryType.Reproducible), id, "not deterministic");
    string[] documents = [.. reader.Documents.Select(handle => reader.GetString(reader.GetDocument(handle).Name))];
    Demand(!isCi || documents.All(name => name.StartsWith("/_/", StringComparison.Ordinal)), id, $"paths: {documents.FirstOrDefault(name => !name.StartsWith("/_/", StringComparison.Ordinal))}");

    // The SDK tells where the sources are if the clone's remote is a host that it knows.
    var sourceLink = new Guid("CC110556-A091-4D38-9FEC-25AB9A351A6A");
    string link = reader.CustomDebugInformation.Select(reader.GetCustomDebugInformation).Where(c => reader.GetGuid(c.Kind) == sourceLink)
        .Select(c => Encoding.UTF8.GetString(reader.GetBlobBytes(c.Value))).SingleOrDefault(string.Empty);
    Demand(!hasRemote || link.Contains(commit, StringComparison.Ordinal), id, $"SourceLink: {link}");
    Console.WriteLine($"{id} {version}: {documented} documented members, {documents.Length} sources at {Path.GetDirectoryName(documents[0])}, SourceLink {(link.Length > 0 ? link : "none, as the clone has no remote")}");
}

wrong.ForEach(Console.Error.WriteLine);
return wrong.Count == 0 ? 0 : 1;

void Demand(bool condition, string id, string reason)
{
    if (!condition)
    {
        wrong.Add($"{id}: {reason}");
    }
}

static MemoryStream Open(ZipArchive zip, string name)
{
    var copy = new MemoryStream();
    using Stream stream = (zip.GetEntry(name) ?? throw new FileNotFoundException(name)).Open();
    stream.CopyTo(copy);
    copy.Position = 0;
    return copy;
}

static string Git(string arguments)
{
    using Process git = Process.Start(new ProcessStartInfo("git", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
    string output = git.StandardOutput.ReadToEnd();
    git.WaitForExit();
    return output.Trim();
}
